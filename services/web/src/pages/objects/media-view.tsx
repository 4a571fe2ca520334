import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { fileQuery } from '../../api/objects.ts';
import { mediaType, SHOWN_BYTES, type Media } from './media.ts';

interface Props {
  readonly projectId: string;
  readonly media: Media;
  /** As high as a line of a table. */
  readonly isSmall?: boolean;
}

/** A picture or a sound, and a link to any other file. */
export function MediaView({ projectId, media, isSmall = false }: Props) {
  const file = useQuery(fileQuery(projectId, media.digest));
  const shown = useShown(file.data);
  if (file.isPending) return <span className="soft">{media.file}</span>;
  if (file.isError)
    return (
      <span className="error-text" title={file.error.message}>
        {media.file} cannot be read
      </span>
    );
  if (shown?.type.startsWith('image/'))
    return (
      <img
        className={isSmall ? 'media-small' : 'media'}
        src={shown.url}
        alt={`${media.type}, ${media.file}`}
      />
    );
  if (shown?.type.startsWith('audio/') && !isSmall)
    return <audio className="media" controls src={shown.url} aria-label={media.file} />;
  const [entity, project] = projectId.split('/') as [string, string];
  const path = [entity, project, media.digest].map(encodeURIComponent).join('/');
  return (
    <a href={`/weft/v1/files/${path}`} download onClick={(event) => event.stopPropagation()}>
      {shown?.type.startsWith('audio/') ? '♪ ' : ''}
      {media.type.split('.').at(-1)} ({sizeOf(file.data.size)})
    </a>
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** An address of bytes that a browser draws or plays, as long as they are on the page. */
function useShown(blob: Blob | undefined): { readonly url: string; readonly type: string } | undefined {
  const [shown, setShown] = useState<{ url: string; type: string }>();
  useEffect(() => {
    if (blob === undefined || blob.size > SHOWN_BYTES) return;
    let url: string | undefined;
    let isLeft = false;
    void mediaType(blob).then((type) => {
      if (isLeft || type === undefined) return;
      url = URL.createObjectURL(blob.slice(0, blob.size, type));
      setShown({ url, type });
    });
    return () => {
      isLeft = true;
      if (url !== undefined) URL.revokeObjectURL(url);
      setShown(undefined);
    };
  }, [blob]);
  return shown;
}
