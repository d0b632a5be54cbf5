// The editor: CodeMirror, with colours, squiggles, quick fixes and completion as the core says them.
import { autocompletion, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, RangeSet, StateEffect, StateField, Transaction } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, drawSelection, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";

const recolour = StateEffect.define();
const KINDS = new Map();

function mark(kind) {
  if (!KINDS.has(kind)) KINDS.set(kind, Decoration.mark({ class: `is-${kind}` }));
  return KINDS.get(kind);
}

// Colours belong to the text that was looked at; until the next are there they move with the text.
const colours = StateField.define({
  create: () => Decoration.none,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(recolour)) return effect.value;
    return transaction.docChanged ? value.map(transaction.changes) : value;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// What comes out of a line and what it costs, behind it.
class Beside extends WidgetType {
  constructor(text) {
    super();
    this.text = text;
  }

  eq(other) {
    return other.text === this.text;
  }

  toDOM() {
    const made = document.createElement("span");
    made.className = "cm-beside";
    made.textContent = this.text;
    made.setAttribute("aria-hidden", "true"); // the table says the same
    return made;
  }
}

// The place of a line and column, both from 1, columns in characters; JavaScript counts in halves of some.
export function offset(doc, line, column) {
  if (line > doc.lines) return doc.length;
  const { from, text } = doc.line(line);
  let place = 0;
  for (const character of text) {
    if (--column < 1) break;
    place += character.length;
  }
  return from + place;
}

// The line and column of a place, as the core counts them.
export function position(doc, place) {
  const line = doc.lineAt(place);
  return { line: line.number, column: [...line.text.slice(0, place - line.from)].length + 1 };
}

export class Editor {
  // `told` has `changed(text)`, `moved()` and `complete(text, before)`, which gives words.
  constructor(parent, told) {
    this.words = new Compartment();
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          highlightSpecialChars(),
          highlightSelectionMatches(),
          EditorView.lineWrapping,
          colours,
          lintGutter(),
          autocompletion({ override: [(context) => this.completions(context, told.complete)], icons: false }),
          keymap.of([...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
          this.words.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.changed(update.state.doc.toString());
            else if (update.selectionSet) told.moved();
          }),
        ],
      }),
    });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  // Another text in its place; what was there can be had back by undoing, unless it was the first.
  replace(text, first = false) {
    closeCompletion(this.view);
    this.view.dispatch({
      changes: { from: 0, to: this.view.state.doc.length, insert: text },
      selection: { anchor: 0 },
      annotations: first ? [Transaction.addToHistory.of(false)] : [],
    });
  }

  get cursor() {
    return position(this.view.state.doc, this.view.state.selection.main.head);
  }

  go(line, column = 1) {
    const place = offset(this.view.state.doc, line, column);
    this.view.dispatch({ selection: { anchor: place }, effects: EditorView.scrollIntoView(place, { y: "center" }) });
    this.view.focus();
  }

  // What the core found in the text that is there.
  show(diagnostics, found, beside) {
    const doc = this.view.state.doc;
    const ranges = found.filter(([, to]) => to <= doc.length).map(([from, to, kind]) => mark(kind).range(from, to));
    for (const [line, column, text] of beside) {
      const place = offset(doc, line, column);
      ranges.push(Decoration.widget({ widget: new Beside(text), side: 1 }).range(doc.lineAt(place).to));
    }
    this.view.dispatch({ effects: recolour.of(RangeSet.of(ranges, true)) });
    const shown = diagnostics.map((d) => {
      const from = offset(doc, d.line, d.column);
      return {
        from,
        to: Math.max(from, offset(doc, d.end_line, d.end_column)),
        severity: d.severity === "note" ? "info" : d.severity,
        source: d.code,
        message: d.message,
        renderMessage: () => this.message(d),
        actions: d.fixes.map((fix) => ({ name: fix.title.replaceAll("`", ""), apply: () => this.apply(fix) })),
      };
    });
    this.view.dispatch(setDiagnostics(this.view.state, shown));
  }

  message(d) {
    const box = document.createElement("div");
    for (const part of [d.message, d.formula, d.note, d.help]) {
      if (part) box.append(Object.assign(document.createElement("div"), { textContent: part }));
    }
    return box;
  }

  apply(fix) {
    const doc = this.view.state.doc;
    const changes = fix.edits.map((e) => ({ from: offset(doc, e.line, e.column), to: offset(doc, e.end_line, e.end_column), insert: e.text }));
    this.view.dispatch({ changes });
    this.view.focus();
  }

  async completions(context, complete) {
    const before = context.state.sliceDoc(0, context.pos);
    if (!context.explicit && !/[a-z_]$/.test(before)) return null;
    const words = await complete(context.state.doc.toString(), before);
    if (!words?.length || context.aborted) return null;
    const from = context.pos - words[0].typed;
    return {
      from,
      filter: false,
      options: words.map(({ word, meaning }, n) => ({ label: word, info: meaning || undefined, boost: -Math.min(n, 99) })),
    };
  }

  // CodeMirror's own words and the name that readers of screens say, in the language in use.
  speak(phrases, label) {
    this.view.dispatch({
      effects: this.words.reconfigure([EditorState.phrases.of(phrases), EditorView.contentAttributes.of({ "aria-label": label })]),
    });
  }
}
