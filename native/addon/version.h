// What the addon and src/runtime/native/load.ts agree upon. It rises with every change of a
// function that crosses the border: an addon of another number is not used.
#pragma once

inline constexpr int kAddonVersion = 9;
