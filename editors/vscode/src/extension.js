// Starts `convdsl lsp` and hands the editor over to it. Nothing of the language stands here.
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function start() {
  const settings = vscode.workspace.getConfiguration("convdsl");
  const [command, ...before] = settings.get("command");
  const language = settings.get("language");
  const args = [...before, ...(language ? ["--lang", language] : []), "lsp"];
  client = new LanguageClient(
    "convdsl",
    "convdsl",
    { command, args },
    { documentSelector: [{ language: "cnn" }] },
  );
  try {
    await client.start();
  } catch (error) {
    const choice = vscode.l10n.t("Settings");
    const text = vscode.l10n.t(
      '`{0}` cannot be started: {1}. Install it with `pip install "convdsl[lsp]"`, or set `convdsl.command`.',
      [command, ...before].join(" "),
      error.message,
    );
    if ((await vscode.window.showErrorMessage(text, choice)) === choice) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "convdsl");
    }
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running && running.needsStop()) await running.stop();
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("convdsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("convdsl")) restart();
    }),
  );
  await start();
};

exports.deactivate = stop;
