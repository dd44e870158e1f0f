// Names that n8n's expressions know: global names and methods of values. Prints {"names": [...], "methods": [...]}.
//   node n8n_globals.mjs FOLDER
import path from 'node:path';
import { createRequire } from 'node:module';

const package_ = path.join(path.resolve(process.argv[2]), 'node_modules/n8n-workflow');
const load = createRequire(path.join(package_, 'package.json'));
const n8n = load('n8n-workflow');
const { EXTENSION_OBJECTS } = load(path.join(package_, 'dist/cjs/extensions/expression-extension.js'));
const { extendedFunctions } = load(path.join(package_, 'dist/cjs/extensions/extended-functions.js'));
const luxon = load('luxon');

const context = {};
n8n.Expression.initializeGlobalContext(context);
const allowed = Object.entries(context)
	.filter(([, value]) => typeof value === 'function' || typeof value === 'number' || Object.getOwnPropertyNames(value ?? {}).length)
	.map(([name]) => name);

const workflow = new n8n.Workflow({
	nodes: [{ id: '1', name: 'A', type: 'x.y', typeVersion: 1, position: [0, 0], parameters: {} }],
	connections: {}, active: false,
	nodeTypes: { getByName: () => undefined, getByNameAndVersion: () => undefined, getKnownTypes: () => ({}) },
});
const data = new n8n.WorkflowDataProxy(workflow, null, 0, 0, 'A', [{ json: {} }], {}, 'manual', {}).getDataProxy();

const builtIns = [String, Array, Number, Boolean, Object, Date, RegExp, Map, Set, Function, Symbol, BigInt, Promise, Error, Math, JSON, Intl,
	Uint8Array, ArrayBuffer, Intl.DateTimeFormat, Intl.NumberFormat, luxon.DateTime, luxon.Duration, luxon.Interval];
const methods = builtIns.flatMap((one) => [one, one.prototype].filter(Boolean).flatMap((of) => Object.getOwnPropertyNames(of)
	.filter((name) => typeof Object.getOwnPropertyDescriptor(of, name).value === 'function')));
const iterator = Object.getOwnPropertyNames(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
const iteration = Object.getOwnPropertyNames(Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))));
const extensions = EXTENSION_OBJECTS.flatMap((one) => Object.keys(one.functions));

const sorted = (names) => [...new Set(names)].filter((name) => /^[$A-Za-z_]/.test(name) && !name.startsWith('__')).sort();
process.stdout.write(JSON.stringify({
	names: sorted([...allowed, ...Object.keys(extendedFunctions), ...Object.keys(data)]),
	methods: sorted([...methods, ...iterator, ...iteration, ...extensions]),
}));
