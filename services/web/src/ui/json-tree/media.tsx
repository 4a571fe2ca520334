import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { fileTextQuery, fileUrl } from '../../api/files.ts';
import { parseJson } from '../../api/request.ts';
import { member } from './json-value.ts';
import type { StoredMedia } from './media-of.ts';

export function StoredMediaView({
  media,
  projectId,
}: {
  readonly media: StoredMedia;
  readonly projectId: string;
}) {
  const { kind, digest, name, metadata } = media;
  const url = fileUrl(projectId, digest);
  if (kind !== 'content') return <Media kind={kind} url={url} name={name} />;
  if (metadata === undefined) return <Media kind="file" url={url} name={name} />;
  return <ContentView projectId={projectId} url={url} metadata={metadata} />;
}

function ContentView({
  projectId,
  url,
  metadata,
}: {
  readonly projectId: string;
  readonly url: string;
  readonly metadata: string;
}) {
  const told = useQuery(fileTextQuery(projectId, metadata));
  if (told.isPending) return <span className="soft">Looking what it is…</span>;
  const about = told.data === undefined ? undefined : read(told.data);
  const text = (key: string) => {
    const found = member(about, key);
    return typeof found === 'string' ? found : undefined;
  };
  const type = text('mimetype') ?? '';
  return (
    <Media
      kind={mediaKind(type)}
      url={url}
      name={text('filename') ?? 'content'}
      note={[type, sizeText(member(about, 'size'))].filter((each) => each !== '').join(' · ')}
    />
  );
}

function read(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function sizeText(size: unknown): string {
  return typeof size === 'number' ? bytesText(size) : '';
}

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export type MediaKind = 'image' | 'audio' | 'video' | 'file';

export function mediaKind(type: string): MediaKind {
  const kind = type.split('/')[0];
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'file';
}

/** @param url of this server, or of data: others are refused by the pages' policy and would tell strangers who reads. */
export function Media({
  kind,
  url,
  name,
  note = '',
}: {
  readonly kind: MediaKind;
  readonly url: string;
  readonly name: string;
  readonly note?: string;
}) {
  const [isBroken, setBroken] = useState(false);
  const label = name === '' ? kind : name;
  return (
    <span className="jt-media">
      {kind === 'image' && !isBroken && (
        <a href={url} download={label} title="Download">
          <img src={url} alt={label} loading="lazy" onError={() => setBroken(true)} />
        </a>
      )}
      {kind === 'audio' && !isBroken && (
        <audio src={url} controls preload="metadata" aria-label={label} onError={() => setBroken(true)} />
      )}
      {kind === 'video' && !isBroken && (
        <video src={url} controls preload="metadata" aria-label={label} onError={() => setBroken(true)} />
      )}
      <span className="jt-media-name">
        {isBroken && <span className="soft">cannot be shown here: </span>}
        <a href={url} download={label}>
          <bdi>{label}</bdi>
        </a>{' '}
        <span className="soft">{note}</span>
      </span>
    </span>
  );
}
