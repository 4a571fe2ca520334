import {
  Component,
  lazy,
  Suspense,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from 'react';
import './markdown.css';
import { visible } from '../json-tree/json-value.ts';
import { looksLikeMarkdown } from './looks-like-markdown.ts';
import { keepMarkdown, readMarkdown, watchMarkdown } from './preference.ts';

const Markdown = lazy(() => import('./markdown.tsx'));

/** A text of a model or a person: what is written in Markdown is shown so, unless who reads it wants it as it is. @param plain the text as it is. */
export function RichText({ text, plain }: { readonly text: string; readonly plain: ReactNode }) {
  const isWanted = useSyncExternalStore(watchMarkdown, readMarkdown);
  if (!looksLikeMarkdown(text)) return plain;
  return (
    <div className="rich-text">
      {isWanted ? <NearView plain={plain} text={text} /> : plain}
      <button type="button" className="button small quiet" onClick={() => keepMarkdown(!isWanted)}>
        {isWanted ? 'As text' : 'As Markdown'}
      </button>
    </div>
  );
}

/** Only what is on the screen, or will be soon, is worth the work. */
function NearView({ text, plain }: { readonly text: string; readonly plain: ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        watch.disconnect();
        setNear(true);
      },
      { rootMargin: '400px' },
    );
    watch.observe(place.current!);
    return () => watch.disconnect();
  }, []);
  return (
    <div ref={place} className="rich-text-body">
      {isNear ? (
        <PlainIfBroken plain={plain}>
          <Suspense fallback={plain}>
            <Markdown text={visible(text)} />
          </Suspense>
        </PlainIfBroken>
      ) : (
        plain
      )}
    </div>
  );
}

/** Nesting that is too deep for the parser is still a text. */
class PlainIfBroken extends Component<{ readonly plain: ReactNode; readonly children: ReactNode }> {
  override state = { isBroken: false };
  static getDerivedStateFromError() {
    return { isBroken: true };
  }
  override render() {
    return this.state.isBroken ? this.props.plain : this.props.children;
  }
}
