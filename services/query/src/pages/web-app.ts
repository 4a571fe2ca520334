import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createRouter, type Request, type Response, type RouteGroup } from '@weft/http';

/** Built by services/web: `index.html`, and files that it names with their hashes. */
interface WebApp {
  readonly index: Asset;
  readonly assets: ReadonlyMap<string, Asset>;
}

interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** What the pages are made of comes from this server, and what they show is never run. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Addresses of the app's pages; those that SDKs print among them. */
const PAGES = ['/', '/operations', '/:entity/:project/weave{/*page}', '/:entity/:project/r/call/:id'];

/**
 * The web app at the addresses of its pages. No key is needed: the files are the same for everyone, and the app signs in.
 * @param directory of the built app. @returns nothing where it was not built.
 */
export function webAppRoutes(directory: string): RouteGroup[] {
  const app = readApp(directory);
  if (app === undefined) return [];
  const router = createRouter();
  router.get('/-/:file', (req, res, next) => {
    const asset = app.assets.get(String(req.params['file']));
    if (asset === undefined) return next();
    sendAsset(req, res, asset, 'public, max-age=31536000, immutable');
  });
  const page = (req: Request, res: Response) => sendAsset(req, res, app.index, 'no-cache');
  for (const path of PAGES) router.get(path, page);
  return [{ router, authenticated: false }];
}

function readApp(directory: string): WebApp | undefined {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const assets = new Map(
    names
      .filter((name) => TYPES[extname(name)] !== undefined)
      .map((name) => [name, readAsset(join(directory, name))]),
  );
  const index = assets.get('index.html');
  return index && { index, assets };
}

function readAsset(path: string): Asset {
  const bytes = readFileSync(path);
  return {
    type: TYPES[extname(path)]!,
    bytes,
    gzipped: gzipSync(bytes, { level: 9 }),
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`,
  };
}

function sendAsset(
  req: Request,
  res: Response,
  { type, bytes, gzipped, etag }: Asset,
  cacheControl: string,
): void {
  res.set({
    'content-type': type,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': cacheControl,
    etag,
    vary: 'accept-encoding',
  });
  if (req.headers['if-none-match'] === etag) return void res.status(304).end();
  const isGzip = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '');
  if (isGzip) res.set('content-encoding', 'gzip');
  res.end(isGzip ? gzipped : bytes);
}
