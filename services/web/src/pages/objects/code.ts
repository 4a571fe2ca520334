import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { fileQuery, membersOf, type ObjectVersion } from '../../api/objects.ts';

/** The code of an op: its text, undefined until it is there, null where none was sent. */
export function useCode(op: ObjectVersion | undefined): {
  readonly code: string | null | undefined;
  readonly error: unknown;
  readonly file: string;
} {
  const files = [...membersOf(membersOf(op?.val).get('files'))];
  const [file = 'obj.py', digest] = files.find(([name]) => name.endsWith('.py')) ?? files[0] ?? [];
  const found = useQuery(fileQuery(op?.project_id ?? '', typeof digest === 'string' ? digest : undefined));
  const [code, setCode] = useState<string>();
  const { data } = found;
  useEffect(() => {
    let isLeft = false;
    void data?.text().then((text) => !isLeft && setCode(text));
    return () => {
      isLeft = true;
      setCode(undefined);
    };
  }, [data]);
  const hasNone = op !== undefined && typeof digest !== 'string';
  return { code: hasNone ? null : code, error: found.error, file };
}
