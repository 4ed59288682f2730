#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds the fuzz targets as OSS-Fuzz asks: with $CC, $CFLAGS and $LIB_FUZZING_ENGINE, into $OUT, each with its seed
# corpus (NAME_seed_corpus.zip) and dictionary (NAME.dict; fuzz_load has none).  The working directory is the source tree.
root=$PWD
work=${WORK:-/tmp}/xendouble-fuzz
rm -rf "$work"
mkdir -p "$work/seeds" "$OUT"

# Their flags say all about sanitizers and optimisation; they are in CFLAGS, so meson adds none.
meson setup "$work/build" "$root" --buildtype=plain -Db_lundef=false -Dtests=disabled -Doracle=disabled -Dunwind=disabled \
    -Dfuzz="$LIB_FUZZING_ENGINE"
ninja -C "$work/build" fuzz-targets fuzz/fuzz-tool
tool=$work/build/fuzz/fuzz-tool

"$tool" words >"$work/fuzz_scenario.dict"
"$tool" records >"$work/fuzz_dispatch.dict"
cp "$work/fuzz_dispatch.dict" "$work/fuzz_bytes.dict"

for target in fuzz_scenario fuzz_bytes fuzz_dispatch fuzz_load; do
    seeds=$work/seeds/$target
    mkdir -p "$seeds"
    if [ "$target" = fuzz_scenario ]; then # some of the kept corpus can't be read, on purpose
        mkdir -p "$seeds.bytes"
        cp "$root/fuzz/corpus/$target"/* "$seeds"
        find "$root/scenarios" -name '*.xds' -exec "$tool" bytes "$seeds.bytes" {} +
        "$tool" text "$seeds" "$seeds.bytes"/*
    elif [ "$target" = fuzz_load ]; then
        find "$root/fuzz/corpus/$target" "$root/scenarios" -name '*.xds' -exec "$tool" machines "$seeds" {} +
    else
        find "$root/fuzz/corpus/$target" "$root/scenarios" -name '*.xds' -exec "$tool" bytes "$seeds" {} +
    fi
    (cd "$seeds" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
    cp "$work/build/fuzz/$target" "$OUT/"
    [ ! -e "$work/$target.dict" ] || cp "$work/$target.dict" "$OUT/"
done
