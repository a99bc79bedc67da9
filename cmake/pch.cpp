// Gives each precompiled header a translation unit to belong to.
