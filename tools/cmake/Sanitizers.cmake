# KAM_SANITIZE=address,undefined or thread, for tools/fuzz with fuzzer-no-link: one build, one set. Arenas then give each piece its own malloc.
if(KAM_SANITIZE)
  add_compile_options(-fsanitize=${KAM_SANITIZE} -fno-omit-frame-pointer -g -O1)
  add_link_options(-fsanitize=${KAM_SANITIZE})
  add_compile_definitions(ARENA_DEBUG)
  if(KAM_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
    # Clang takes NULL + 0, which an empty run of bytes comes to, for undefined; C2y has defined it (N3322), and gcc lets it pass.
    if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
      add_compile_options(-fno-sanitize=pointer-overflow)
    endif()
  endif()
  if(KAM_SANITIZE MATCHES "fuzzer")
    # Half of the time would go into looking at every comparison of numbers; those of texts are looked at all the same, by the sanitizer's own strcmp.
    add_compile_options(-O2 -fno-sanitize-coverage=trace-cmp)
  endif()
endif()
