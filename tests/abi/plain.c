/* SPDX-License-Identifier: MIT */
/*
 * plain.c: the comparisons of test-abi.c without libcheck, which machines have for one word size
 * only.
 */
#include "abi.h"

int main(void)
{
    unsigned int checked, differences = abi_check_2008(stdout, &checked);

#if ABI_HAVE_XEN
    differences += abi_compare(&abi_ours, &abi_theirs, stdout);
    checked += (unsigned int)abi_ours.count;
#endif
    printf("%u facts checked, %u differ\n", checked, differences);
    return differences != 0;
}
