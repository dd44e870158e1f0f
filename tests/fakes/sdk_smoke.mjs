// Make's own SDK, driven through the calls that this project makes: `node sdk_smoke.mjs SDK HOST KEY TEAM`.
// Prints what each call gave, as one JSON object.

import { pathToFileURL } from "node:url";

const [sdk, host, key, team] = process.argv.slice(2);
const { Make, MakeError } = await import(pathToFileURL(sdk).href);
const connect = (token) => {
  const made = new Make(token, host, { retry: { onRateLimit: true, baseDelay: 10 } });
  made.protocol = "http";
  return made;
};
const make = connect(key);

const refused = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    if (!(error instanceof MakeError)) throw error;
    return { status: error.statusCode, message: error.message };
  }
};

const seen = {};
const hook = await make.hooks.create({
  name: "Orders",
  teamId: Number(team),
  typeName: "gateway-webhook",
  data: { method: false, headers: false, stringify: false },
});
seen.hook = hook;
const webhook = { id: 1, module: "gateway:CustomWebHook", version: 1, parameters: { hook: hook.id, maxResults: 1 } };
const sleep = { id: 2, module: "util:FunctionSleep", version: 1, mapper: { duration: "1" } };
const created = await make.scenarios.create(
  {
    teamId: Number(team),
    blueprint: {
      name: "Order intake",
      flow: [webhook, sleep],
      metadata: { version: 1 },
      interface: { input: [{ name: "email", type: "text", required: true }], output: [] },
    },
    scheduling: { type: "immediately" },
  },
  { confirmed: true },
);
seen.created = created;
const id = created.id;
seen.runWhileInactive = await refused(() => make.scenarios.run(id, { email: "a@client.example" }));
seen.activated = await make.scenarios.activate(id);
seen.listed = await make.scenarios.list(Number(team), { cols: ["id", "isActive"], pg: { limit: 10 } });
seen.got = await make.scenarios.get(id);
seen.runWithoutInput = await refused(() => make.scenarios.run(id, {}));
seen.ran = await make.scenarios.run(id, { email: "a@client.example" });
seen.detail = await make.executions.getDetail(id, seen.ran.executionId);
seen.posted = await (await fetch(hook.url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } })).text();
seen.history = await make.executions.list(id, { pg: { limit: 10 } });
seen.line = await make.executions.get(id, seen.ran.executionId);
seen.blueprint = await make.blueprints.get(id);
seen.updated = await make.scenarios.update(id, { blueprint: { name: "Renamed", flow: [webhook], metadata: { version: 1 } } });
seen.versions = await make.blueprints.versions(id);
seen.wrongModule = await refused(() =>
  make.scenarios.update(id, { blueprint: { name: "x", flow: [{ ...sleep, version: 9 }], metadata: { version: 1 } } }),
);
seen.interface = await make.scenarios.getInterface(id);
seen.incomplete = await make.incompleteExecutions.list(id);
if (seen.incomplete.length) {
  seen.oneIncomplete = await make.incompleteExecutions.get(seen.incomplete[0].id);
  seen.bundle = await make.incompleteExecutions.bundle(seen.incomplete[0].id);
  await make.incompleteExecutions.retry(seen.incomplete[0].id);
}
seen.ping = await make.hooks.ping(hook.id);
await make.hooks.learnStart(hook.id);
await make.hooks.learnStop(hook.id);
await make.hooks.disable(hook.id);
await make.hooks.enable(hook.id);
seen.hooks = await make.hooks.list(Number(team));
seen.connections = await make.connections.list(Number(team));
seen.verified = await make.connections.verify(seen.connections[0].id);
seen.organizations = await make.organizations.list();
seen.organization = await make.organizations.get(seen.organizations[0].id);
seen.teams = await make.teams.list(seen.organizations[0].id);
seen.strangers = await refused(() => make.scenarios.list(Number(team) + 775));
seen.deactivated = await make.scenarios.deactivate(id);
await make.scenarios.delete(id);
await make.hooks.delete(hook.id);
seen.gone = await refused(() => make.scenarios.get(id));
seen.wrongKey = await refused(() => connect("6f0c3a52-9d1b-4c6e-8a77-2b1de0c4f9ab").scenarios.get(id));
console.log(JSON.stringify(seen));
