#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds the fuzz targets as OSS-Fuzz asks: compiled with $CC and $CFLAGS, linked by $CXX with $CXXFLAGS and $LIB_FUZZING_ENGINE,
# into $OUT, each with its seed corpus (NAME_seed_corpus.zip), dictionary (NAME.dict) and options (NAME.options).
# The working directory is the source tree.
root=$PWD
work=${WORK:-/tmp}/xendouble-fuzz
build=$work/build
rm -rf "$work"
mkdir -p "$work" "$OUT"

# Their flags say all about sanitizers and optimisation; they are in CFLAGS, so meson adds none.
meson setup "$build" "$root" --buildtype=plain -Db_lundef=false -Dtests=disabled -Doracle=disabled -Dunwind=disabled \
    -Dfuzz="$LIB_FUZZING_ENGINE"
ninja -C "$build" fuzz-parts

libraries=()
for library in tests/model/libmodel src/fuzz/libxd_fuzz src/fuzz/libxd_oracles src/program/libxd_program src/hv/call/libxd_call src/hv/libxd_hv \
    src/abi/libxd_abi src/base/libxd_base; do
    libraries+=("$build/$library.a")
done
for target in fuzz_scenario fuzz_bytes fuzz_dispatch fuzz_load; do
    # Engines know a mutator by weak symbols, which would not bring it in.
    # shellcheck disable=SC2086
    $CXX $CXXFLAGS -Wl,--whole-archive "$build/fuzz/lib$target.a" -Wl,--no-whole-archive \
        -Wl,--start-group "${libraries[@]}" -Wl,--end-group $LIB_FUZZING_ENGINE -o "$OUT/$target"
    "$root/fuzz/seeds" "$build/fuzz/fuzz-tool" "$target" "$work/seeds/$target"
    (cd "$work/seeds/$target" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
    cp "$build/fuzz/$target.dict" "$root/fuzz/oss-fuzz/$target.options" "$OUT/"
done
