export { writerEnv } from './config.ts';
export { createWriter, WRITER_GROUP, type Writer, type WriterDeps } from './writer.ts';
