// What n8n's own packages say of workflow files, without a server.
//   node n8n_check.mjs --install FOLDER workflow.json ...
// Prints a JSON list: for each file, in order, its list of issues {layer, severity, node, where, message}.
// Layers: structure (what an import refuses), type, parameters, credentials and trigger (what activation refuses),
// ports, expression and reference (what fails or is lost when it runs), sdk (the schemas of n8n's workflow SDK).
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { createRequire } from 'node:module';

const [flag, install, ...files] = process.argv.slice(2);
if (flag !== '--install' || !install) {
	console.error('usage: node n8n_check.mjs --install FOLDER workflow.json ...');
	process.exit(2);
}
const modules = path.resolve(install, 'node_modules');
const load = createRequire(path.join(modules, 'n8n-workflow/package.json'));
const n8n = load('n8n-workflow');
const sdk = createRequire(path.join(modules, 'x.js'))('@n8n/workflow-sdk');
const { extendSyntax } = load(path.join(modules, 'n8n-workflow/dist/cjs/extensions/expression-extension.js'));
const { expressionSandboxHooks } = load(path.join(modules, 'n8n-workflow/dist/cjs/expression-sandboxing.js'));
const { Tournament } = load('@n8n/tournament');
const compiler = new Tournament(() => {}, undefined, undefined, expressionSandboxHooks);

const PACKAGES = ['n8n-nodes-base', '@n8n/n8n-nodes-langchain'];
const NO_ACTIVATION = ['n8n-nodes-base.manualTrigger', 'n8n-nodes-base.start'];
const list = (value) => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]);
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Descriptors by full type name; a node of several version classes has several. */
const descriptors = new Map();
for (const name of PACKAGES) {
	for (const entry of JSON.parse(fs.readFileSync(path.join(modules, name, 'dist/types/nodes.json'), 'utf8'))) {
		const type = `${name}.${entry.name}`;
		descriptors.set(type, [...(descriptors.get(type) ?? []), entry]);
	}
}
const asTool = (type) => (descriptors.get(type.replace(/Tool$/, '')) ?? []).filter((entry) => entry.usableAsTool);
const entriesOf = (type) => descriptors.get(type) ?? (/Tool$/.test(type) ? asTool(type) : []);

function starts(entry) {
	const hooks = list(entry.webhooks);
	return entry.polling || list(entry.group).includes('trigger') || hooks.some((hook) => !hook.restartWebhook);
}

const nodeTypes = {
	seen: new Map(),
	getByName(type) { return this.getByNameAndVersion(type); },
	getByNameAndVersion(type, version) {
		const entries = entriesOf(type);
		const entry = version === undefined
			? entries.find((one) => list(one.version).includes(one.defaultVersion)) ?? entries[0]
			: entries.find((one) => list(one.version).includes(version));
		if (entry && !this.seen.has(entry)) {
			this.seen.set(entry, { description: entry, ...(starts(entry) && { trigger: async () => undefined }) });
		}
		return this.seen.get(entry);
	},
	getKnownTypes() { return Object.fromEntries([...descriptors.keys()].map((type) => [type, {}])); },
};

function* texts(value, where = '') {
	if (typeof value === 'string') yield [where, value];
	else if (typeof value === 'object' && value !== null) {
		for (const [key, inner] of Object.entries(value)) yield* texts(inner, where ? `${where}.${key}` : key);
	}
}

function* expressionProblems(text) {
	const code = n8n.ExpressionParser.splitExpression(text.slice(1)).filter((chunk) => chunk.type === 'code');
	if (!code.length) return;
	if (code.some((chunk) => !chunk.hasClosingBrackets)) yield '{{ is not closed';
	try {
		const [source] = compiler.getExpressionCode(extendSyntax(text.slice(1)));
		new vm.Script(`(function(){${source}\n})`);
	} catch (error) {
		yield `invalid expression: ${error.message}`;
	}
}

const REFERENCE = /(?:\$\(|\$node\[|\$items\()\s*(["'`])((?:\\.|(?!\1).)*)\1/g;

/** Names of the nodes that a node can refer to: those before it; a sub-node sees what its parent sees. */
function visibleFrom(name, connections) {
	const parents = (of) => n8n.getParentNodes(connections.byTarget, of, 'ALL', -1);
	const hosts = Object.entries(connections.bySource[name] ?? {})
		.filter(([kind]) => kind !== 'main')
		.flatMap(([, outputs]) => list(outputs).flatMap((output) => list(output).map((link) => link.node)));
	const before = new Set([name, ...hosts].flatMap(parents));
	if ([...before].some((one) => parents(one).includes(name))) before.add(name); // it stands in a loop
	return before;
}

class Report {
	issues = [];
	add(layer, severity, message, node = null, where = null) { this.issues.push({ layer, severity, node, where, message }); }
}

function checkTypes(document, report) {
	const known = [];
	for (const node of document.nodes) {
		const entries = entriesOf(node.type);
		const versions = entries.flatMap((entry) => list(entry.version));
		if (!entries.length) report.add('type', 'error', `unknown node type ${node.type}`, node.name, 'type');
		else if (!node.typeVersion) report.add('type', 'error', 'no typeVersion', node.name, 'typeVersion');
		else if (!versions.includes(node.typeVersion)) {
			report.add('type', 'error', `no version ${node.typeVersion} of ${node.type}`, node.name, 'typeVersion');
		} else known.push(node);
	}
	return known;
}

function checkNode(given, workflow, report) {
	const node = workflow.nodes[given.name];
	const type = nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
	const found = n8n.NodeHelpers.getNodeParametersIssues(type.description.properties, node, type.description);
	for (const [name, messages] of Object.entries(found?.parameters ?? {})) {
		report.add('parameters', 'error', messages.join(' '), given.name, name);
	}
	if (given.disabled) return;
	for (const issue of n8n.validateNodeCredentials(node, type)) {
		report.add('credentials', 'warning', `${issue.type}: ${issue.credentialName}`, given.name, 'credentials');
	}
	const chosen = [node.parameters.nodeCredentialType, node.parameters.genericAuthType];
	const allowed = [...list(type.description.credentials).map((one) => one.name), ...chosen];
	for (const name of Object.keys(given.credentials ?? {})) {
		if (!allowed.includes(name)) report.add('credentials', 'error', `takes no ${name}`, given.name, 'credentials');
	}
}

function checkTexts(node, names, connections, report) {
	const visible = visibleFrom(node.name, connections);
	for (const [where, text] of texts(node.parameters ?? {})) {
		const code = /(^|\.)(jsCode|functionCode)$/.test(where);
		if (!code && !text.startsWith('=')) continue;
		if (!code) for (const message of expressionProblems(text)) report.add('expression', 'error', message, node.name, where);
		for (const [, , name] of text.matchAll(REFERENCE)) {
			if (!names.has(name)) report.add('reference', 'error', `no node "${name}"`, node.name, where);
			else if (!visible.has(name)) report.add('reference', 'error', `"${name}" is not before it`, node.name, where);
		}
	}
}

function checkPorts(workflow, bySource, report) {
	const ports = (name, of) => {
		const node = workflow.nodes[name];
		const type = node && nodeTypes.getByNameAndVersion(node.type, node.typeVersion);
		if (!type) return undefined;
		try {
			return of(workflow, node, type.description).map((port) => port.type ?? port);
		} catch {
			return undefined;
		}
	};
	const count = (kinds, kind) => kinds.filter((one) => one === kind).length;
	for (const [source, kinds] of Object.entries(bySource)) {
		const outputs = ports(source, n8n.NodeHelpers.getNodeOutputs);
		for (const [kind, slots] of Object.entries(kinds)) for (const [index, links] of slots.entries()) {
			for (const link of links ?? []) {
				const inputs = ports(link.node, n8n.NodeHelpers.getNodeInputs);
				if (link.type !== kind) report.add('ports', 'error', `${kind} goes into ${link.type}`, source);
				if (outputs && index >= count(outputs, kind)) report.add('ports', 'error', `no output ${kind}[${index}]`, source);
				if (inputs && link.index >= count(inputs, link.type)) {
					report.add('ports', 'error', `no input ${link.type}[${link.index}]`, link.node);
				}
			}
		}
	}
}

function checkWithSdk(document, report) {
	const nodeDefinitionDirs = PACKAGES.map((name) => path.join(modules, name, 'dist/node-definitions'));
	try {
		const built = sdk.workflow.fromJSON(structuredClone(document));
		for (const issue of sdk.validateWorkflowBuilder(built, { nodeDefinitionDirs, nodeTypesProvider: nodeTypes }).issues) {
			const severity = issue.severity === 'informational' ? 'info' : 'error';
			report.add('sdk', severity, `${issue.code}: ${issue.message}`, issue.nodeName ?? null, issue.parameterPath ?? null);
		}
	} catch (error) {
		report.add('sdk', 'warning', `could not check: ${error.message}`);
	}
}

function check(document) {
	const report = new Report();
	const structure = n8n.safeParseWorkflowStructure(document);
	if (!structure.success) {
		for (const issue of structure.issues) {
			report.add('structure', 'error', issue.message, null, n8n.formatWorkflowStructureIssuePath(issue.path));
		}
		return report.issues;
	}
	const known = checkTypes(document, report);
	const nodes = structuredClone(known).map((node) => ({ ...node, parameters: isObject(node.parameters) ? node.parameters : {} }));
	const workflow = new n8n.Workflow({ nodes, connections: document.connections, nodeTypes, active: false });
	const connections = { bySource: document.connections, byTarget: n8n.mapConnectionsByDestination(document.connections) };
	const names = new Set(document.nodes.map((node) => node.name));
	for (const node of known) {
		checkNode(node, workflow, report);
		checkTexts(node, names, connections, report);
	}
	const start = n8n.validateWorkflowHasTriggerLikeNode(workflow.nodes, nodeTypes, NO_ACTIVATION);
	if (!start.isValid) report.add('trigger', 'warning', start.error);
	checkPorts(workflow, document.connections, report);
	checkWithSdk(document, report);
	return report.issues;
}

function checkFile(file) {
	try {
		return check(JSON.parse(fs.readFileSync(file, 'utf8')));
	} catch (error) {
		return [{ layer: 'structure', severity: 'error', node: null, where: null, message: error.message }];
	}
}

process.stdout.write(JSON.stringify(files.map(checkFile)));
