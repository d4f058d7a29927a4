# KAM_SANITIZE=address,undefined or thread: one build, one set. Arenas then give each piece its own malloc.
if(KAM_SANITIZE)
  add_compile_options(-fsanitize=${KAM_SANITIZE} -fno-omit-frame-pointer -g -O1)
  add_link_options(-fsanitize=${KAM_SANITIZE})
  add_compile_definitions(ARENA_DEBUG)
  if(KAM_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
