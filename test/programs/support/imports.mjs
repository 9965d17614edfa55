// What alias.js does to `require`, for `import`.
let original;
let midge;

export function initialize(data) {
  ({ original, midge } = data);
}

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  return original.test(found.url) ? { ...found, url: midge, format: 'module' } : found;
}
