import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** `pnpm --filter @weft/web dev`: pages from their sources, the API from a server on its usual port. */
const SERVER = 'http://127.0.0.1:6345';

export default defineConfig({
  plugins: [react()],
  base: '/-/',
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    assetsDir: '.',
    // Nothing inline: the pages' policy allows only files of this server.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
  },
  server: {
    proxy: {
      '^/(?!-/|@)(.*/)?(calls?|objs?|obj|table|file|feedback|weft|trace|threads|cost|refs|project)(/|$)':
        SERVER,
    },
  },
});
