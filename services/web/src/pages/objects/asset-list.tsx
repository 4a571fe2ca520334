import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { ObjectVersion } from '../../api/objects.ts';
import { count } from '../../ui/format.ts';
import { Time } from '../../ui/time.tsx';

/** Rows that are drawn before more are asked for. */
const DRAWN = 200;

export function AssetList({ assets }: { readonly assets: readonly ObjectVersion[] }) {
  const [drawn, setDrawn] = useState(DRAWN);
  return (
    <>
      <div className="scroll-x" tabIndex={0} role="region" aria-label="Assets, the newest first">
        <table className="plain assets-list">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Class</th>
              <th scope="col">Latest</th>
              <th scope="col">Tags and aliases</th>
              <th scope="col">Published</th>
              <th scope="col">By</th>
            </tr>
          </thead>
          <tbody>
            {assets.slice(0, drawn).map((asset) => (
              <AssetRow key={`${asset.kind} ${asset.object_id}`} asset={asset} />
            ))}
          </tbody>
        </table>
      </div>
      {assets.length > drawn && (
        <p>
          <button className="button" onClick={() => setDrawn(drawn + 500)}>
            Show more ({count.format(assets.length - drawn)} are left)
          </button>
        </p>
      )}
    </>
  );
}

function AssetRow({ asset }: { readonly asset: ObjectVersion }) {
  const [entity, project] = asset.project_id.split('/') as [string, string];
  const { object_id: name, version_index: index, leaf_object_class, base_object_class } = asset;
  return (
    <tr>
      <td>
        <Link
          to="/$entity/$project/weave/objects/$name/versions/$version"
          params={{ entity, project, name, version: asset.digest }}
        >
          <bdi>{name}</bdi>
        </Link>
      </td>
      <td className="soft">
        <bdi>{asset.kind === 'op' ? 'op' : (leaf_object_class ?? base_object_class ?? '')}</bdi>
      </td>
      <td title={index === 0 ? 'The only version' : `${index + 1} versions were published`}>v{index}</td>
      <td>
        <Labels version={asset} />
      </td>
      <td className="soft">
        <Time at={asset.created_at} />
      </td>
      <td className="soft">
        <bdi>{asset.wb_user_id ?? ''}</bdi>
      </td>
    </tr>
  );
}

/** Tags, and aliases but `latest`. */
function Labels({ version: { tags, aliases } }: { readonly version: ObjectVersion }) {
  return (
    <span className="assets-labels">
      {(aliases ?? [])
        .filter((alias) => alias !== 'latest')
        .map((alias) => (
          <span key={`a ${alias}`} className="tag alias" title={`Alias ${alias}`}>
            <bdi>{alias}</bdi>
          </span>
        ))}
      {(tags ?? []).map((tag) => (
        <span key={`t ${tag}`} className="tag" title={`Tag ${tag}`}>
          <bdi>{tag}</bdi>
        </span>
      ))}
    </span>
  );
}
