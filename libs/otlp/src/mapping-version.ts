/**
 * Of what spans mean as calls: raise it with every change that gives some span another call. Spans stored by an older
 * one can be mapped again; of two mappings of one span the newer wins, whichever is stored last. Below 4096.
 */
export const MAPPING_VERSION = 1;
