/* SPDX-License-Identifier: MIT */
/* empty.c: the process that does nothing: the floor of whole-process times. */
int main(void)
{
    return 0;
}
