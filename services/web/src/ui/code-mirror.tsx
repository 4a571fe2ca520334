import { json } from '@codemirror/lang-json';
import { python } from '@codemirror/lang-python';
import { defaultHighlightStyle, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { useEffect, useRef } from 'react';
import type { DiffProps, EditorProps } from './editor.tsx';

const LANGUAGES = { json, python, text: (): Extension => [] };

/** What is behind a text stays readable on both grounds. */
const tint = (colour: string, percent: number) =>
  `color-mix(in srgb, var(${colour}) ${percent}%, transparent) !important`;

/** Colours come from the page: custom properties reach into the shadow tree. */
const LOOK = EditorView.theme({
  '&': { backgroundColor: 'var(--bg-soft)', color: 'var(--text)', fontSize: '12.5px', maxHeight: '60vh' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--bg-soft)', color: 'var(--text-soft)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--bg-hover)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft) !important',
  },
  '.cm-panels': { backgroundColor: 'var(--bg)', color: 'var(--text)' },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft) !important' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--bg-hover)', color: 'var(--text)', border: 'none' },
  '.cm-collapsedLines': {
    background: 'var(--bg-hover) !important',
    color: 'var(--text-soft) !important',
  },
  '.cm-collapsedLines:before, .cm-collapsedLines:after': { content: '"" !important' },
  '&.cm-merge-b .cm-changedLine': { backgroundColor: tint('--ok', 14) },
  '.cm-deletedChunk': { backgroundColor: tint('--error', 12) },
  '.cm-changedText, &.cm-merge-b .cm-changedText': {
    background: tint('--ok', 32),
    textDecoration: 'none',
  },
  '.cm-deletedChunk .cm-deletedText, &.cm-merge-b .cm-deletedText': {
    background: tint('--error', 30),
    textDecoration: 'none',
  },
});

/** The editor's colours are made for white paper; these are read on both grounds. What is not named has the text's. */
const OWN_COLOURS: ReadonlyMap<string | undefined, string> = new Map([
  ['#708', 'var(--series-4)'],
  ['#219', 'var(--series-3)'],
  ['#164', 'var(--series-3)'],
  ['#a11', 'var(--accent)'],
  ['#00f', 'var(--series-2)'],
  ['#00c', 'var(--series-2)'],
  ['#940', 'var(--text-soft)'],
  ['#f00', 'var(--error)'],
]);
const COLOURS = HighlightStyle.define(
  defaultHighlightStyle.specs.map((spec) => ({
    ...spec,
    color: OWN_COLOURS.get(spec['color'] as string | undefined) ?? 'inherit',
  })),
);

/** An editor whose styles are sheets of its own shadow tree: the pages' policy refuses `<style>` elements. */
function useView(
  extensions: () => Extension,
  doc: string,
): [React.RefObject<HTMLDivElement | null>, React.RefObject<EditorView | null>] {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const made = useRef(extensions);
  const first = useRef(doc);
  useEffect(() => {
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: 'open' });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({ doc: first.current, extensions: made.current() }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);
  return [host, view];
}

export function Editor({ value, onChange, language = 'text', label }: EditorProps) {
  const change = useRef(onChange);
  change.current = onChange;
  const [host, view] = useView(
    () => [
      basicSetup,
      syntaxHighlighting(COLOURS),
      LANGUAGES[language](),
      LOOK,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      onChange === undefined ? EditorState.readOnly.of(true) : [],
      EditorView.updateListener.of((update) => {
        if (update.docChanged) change.current?.(update.state.doc.toString());
      }),
    ],
    value,
  );
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [view, value]);
  return <div className="editor" ref={host} />;
}

export function Diff({ before, after, label }: DiffProps) {
  return (
    <DiffView key={`${before.length} ${after.length} ${before}${after}`} {...{ before, after, label }} />
  );
}

/** Without colours of its own: what differs is what is coloured. */
function DiffView({ before, after, label }: Pick<DiffProps, 'before' | 'after' | 'label'>) {
  const [host] = useView(
    () => [
      basicSetup,
      LOOK,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      EditorState.readOnly.of(true),
      unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3 } }),
    ],
    after,
  );
  return <div className="editor" ref={host} />;
}
