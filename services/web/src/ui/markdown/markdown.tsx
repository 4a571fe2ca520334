import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';

/** Where a link leads is seen before it is followed; the server that has it is not told who reads. */
const elsewhere = (url: string | undefined, children: React.ReactNode) =>
  url === undefined || !/^(https?|mailto):/i.test(url) ? (
    <bdi>{children}</bdi>
  ) : (
    <a href={url} title={url} target="_blank" rel="noreferrer noopener">
      <bdi>{children}</bdi>
    </a>
  );

const COMPONENTS: Components = {
  a: ({ href, children }) => elsewhere(href, children),
  // Whoever wrote the text would see who reads it, and when.
  img: ({ src, alt }) => elsewhere(typeof src === 'string' ? src : undefined, `🖼 ${alt || 'picture'}`),
  table: ({ children }) => (
    <div className="scroll-x" tabIndex={0} role="group" aria-label="Table">
      <table className="plain">{children}</table>
    </div>
  ),
  // Boxes of tasks: nobody ticks them here.
  input: ({ checked }) => <>{checked === true ? '☑' : '☐'}</>,
  pre: ({ children }) => (
    <pre className="json" tabIndex={0}>
      {children}
    </pre>
  ),
  // The page has headings of its own: those of a text are below them.
  h1: 'h4',
  h2: 'h4',
  h3: 'h5',
  h4: 'h5',
  h5: 'h6',
};

/** CommonMark with tables, tasks and bare links, as GitHub has them. HTML in it is text. */
export default function Markdown({ text }: { readonly text: string }) {
  return (
    <div className="markdown" dir="auto">
      <ReactMarkdown remarkPlugins={[remarkGfm]} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
}
