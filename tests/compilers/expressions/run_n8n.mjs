// Evaluates n8n parameters with n8n's own expression engine, and bare JavaScript as a Code node would.
// stdin: {now, zone, json, parameters: [...], scripts: [...]}; stdout: {parameters: [...], scripts: [...]}
import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';

const load = createRequire(path.join(process.argv[2], 'node_modules/n8n-workflow/package.json'));
const { Workflow } = load('./');
const { DateTime, Settings } = load('luxon');
const input = JSON.parse(fs.readFileSync(0, 'utf8'));
Settings.now = () => input.now;
Settings.defaultZone = input.zone;
const nodeType = { description: { name: 'x', properties: [], inputs: ['main'], outputs: ['main'] } };
const workflow = new Workflow({
	id: 'w', name: 'Workflow', active: false, connections: {}, settings: { timezone: input.zone },
	nodes: [{ id: 'n', name: 'N', type: 'x', typeVersion: 1, position: [0, 0], parameters: {} }],
	nodeTypes: { getByName: () => nodeType, getByNameAndVersion: () => nodeType, getKnownTypes: () => ({}) },
});
const shown = (v) => v === undefined ? null : typeof v === 'number' && !Number.isFinite(v) ? { number: String(v) }
	: v?.isLuxonDateTime ? { luxon: v.toISO() } : v;
const attempt = (f) => {
	try { return { value: shown(f()) }; } catch (error) { return { error: String(error.message) }; }
};
const items = [{ json: input.json }], additional = { $execution: { id: 'execution' } };
const parameters = input.parameters.map((text) => attempt(() =>
	workflow.expression.getParameterValue(text, null, 0, 0, 'N', items, 'manual', additional, undefined)));
const scripts = input.scripts.map((source) => attempt(() =>
	new Function('$json', '$now', 'DateTime', '$execution', `return ${source}`)(input.json, DateTime.now(), DateTime, { id: 'execution' })));
process.stdout.write(JSON.stringify({ parameters, scripts }));
