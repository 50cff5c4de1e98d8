#!/bin/sh
# Pin the images that Dockerfile and compose.yaml take from others to what their tags mean today, by digest:
# from then on each build and each host has the same ones. Run it again to follow the tags; git shows what
# has changed.
set -eu
cd "$(dirname "$0")"

digest() { docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}'; }

# The tag is kept beside the digest, for people and for the next time.
images="$(sed -n -e 's/^FROM \([^ @$]*:[^ @]*\).*/\1/p' -e 's/^ *image: \([^ @$]*:[^ @]*\).*/\1/p' \
  Dockerfile compose.yaml | sort -u)"
pinned=""
for image in $images; do
  found="$(digest "$image")" || { echo "$image was not found; nothing is changed." >&2; exit 1; }
  case "$found" in
    sha256:*) ;;
    *) echo "docker gives no digest of $image, but '$found'; nothing is changed." >&2; exit 1 ;;
  esac
  pinned="$pinned $image@$found"
done
for one in $pinned; do
  image="${one%%@*}"
  for file in Dockerfile compose.yaml; do
    sed -e "s|^\(FROM \)$image\(@[^ ]*\)\{0,1\}\( .*\)\{0,1\}\$|\1$one\3|" \
      -e "s|^\( *image: \)$image\(@[^ ]*\)\{0,1\}\$|\1$one|" "$file" > "$file.new"
    cat "$file.new" > "$file"  # keeps the mode of the file
    rm "$file.new"
  done
  echo "$one"
done
