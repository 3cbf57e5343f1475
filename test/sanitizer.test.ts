import { describe, expect, it } from 'vitest';
import { complaintsIn } from '../scripts/storms/sanitizer.ts';

const LEAKS = `
=================================================================
==12==ERROR: LeakSanitizer: detected memory leaks

Direct leak of 40 byte(s) in 1 object(s) allocated from:
    #0 0x7f1 in operator new(unsigned long) ../libsanitizer/asan/asan_new_delete.cpp:95
    #1 0x7f2 in std::__new_allocator<int>::allocate(unsigned long) /usr/include/c++/12/bits/new_allocator.h:137
    #2 0x7f3 in apex::Ring::Ring(int) (/somewhere/apex.node+0x123)
    #3 0x7f4 in node::Start (/somewhere/node+0x1)

Direct leak of 333 byte(s) in 1 object(s) allocated from:
    #0 0x7f1 in operator new[](unsigned long) ../libsanitizer/asan/asan_new_delete.cpp:98
    #1 0x7f2 in crc32c /somewhere/native/addon/base.cc:15
    #2 0x980 in v8impl::FunctionCallbackWrapper::Invoke (/somewhere/node+0x9)

Direct leak of 80 byte(s) in 1 object(s) allocated from:
    #0 0x7f1 in operator new(unsigned long) ../libsanitizer/asan/asan_new_delete.cpp:95
    #1 0x8f2 in v8::internal::Isolate::New (/somewhere/node+0x2)
    #2 0x7f3 in apex::Addon::Init (/somewhere/apex.node+0x456)

SUMMARY: AddressSanitizer: 120 byte(s) leaked in 2 allocation(s).
`;

const ERROR = `==13==ERROR: AddressSanitizer: heap-use-after-free on address 0x60
    #0 0x7f3 in apex::Poller::Read (/somewhere/apex.node+0x123)

SUMMARY: AddressSanitizer: heap-use-after-free
`;

describe('what the sanitizer says', () => {
  it('counts as a leak what the helper has asked for, not what the engine has', () => {
    const found = complaintsIn(LEAKS);
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('apex::Ring');
    expect(found[1]).toContain('addon/base.cc');
  });

  it('counts any error', () => {
    expect(complaintsIn(ERROR)).toEqual([ERROR]);
  });
});
