# kam_proto_library(<target> SOURCE <symbol> ROOTS <dir>… FILES <file>… [WITH <target>…])
# Generates C (protobuf-c) and a descriptor set with comments for .proto files, and one function `const struct schema_source *<symbol>(void)`
# that names every message and holds the set. Everything lies in the build tree.
# WITH names libraries made by this function before: their files are in the set and their messages in the table too, but their C is linked,
# not generated a second time. A test server with its own .proto files thus shares google/protobuf and grpc/reflection with the contract.
function(kam_proto_library target)
  cmake_parse_arguments(ARG "" "SOURCE" "ROOTS;FILES;WITH" ${ARGN})
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${target}-gen")
  set(sources "")
  set(headers "")
  set(inputs "")
  set(stems "")
  foreach(file ${ARG_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem "${file}")
    list(APPEND stems "${stem}")
    list(APPEND sources "${out}/${stem}.pb-c.c")
    list(APPEND headers "${out}/${stem}.pb-c.h")
    set(path "")
    foreach(root ${ARG_ROOTS})
      if(EXISTS "${root}/${file}")
        set(path "${root}/${file}")
        break()
      endif()
    endforeach()
    if(NOT path)
      message(FATAL_ERROR "${target}: ${file} is under none of ${ARG_ROOTS}")
    endif()
    list(APPEND inputs "${path}")
  endforeach()
  set(set_files ${ARG_FILES})
  set(set_roots ${ARG_ROOTS})
  set(set_headers ${headers})
  foreach(other ${ARG_WITH})
    foreach(list set_files set_roots set_headers)
      get_property(more TARGET ${other} PROPERTY KAM_PROTO_${list})
      list(APPEND ${list} ${more})
      list(REMOVE_DUPLICATES ${list})
    endforeach()
  endforeach()
  set(flags "")
  foreach(root ${set_roots})
    list(APPEND flags "-I${root}")
  endforeach()

  set(wrapper "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/protoc-gen-c-optional")
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/ProtoSource.cmake")
  file(MAKE_DIRECTORY "${out}")
  add_custom_command(
    OUTPUT ${sources} ${headers}
    COMMAND ${PROTOC} ${flags} "--plugin=protoc-gen-c=${wrapper}" "--c_out=${out}" ${ARG_FILES}
    DEPENDS ${inputs} "${wrapper}"
    COMMENT "Generating C of ${target}" VERBATIM)
  add_custom_command(
    OUTPUT "${out}/set.binpb"
    COMMAND ${PROTOC} ${flags} --include_imports --include_source_info "--descriptor_set_out=${out}/set.binpb" ${set_files}
    DEPENDS ${inputs} ${set_headers}
    COMMENT "Generating the descriptor set of ${target}" VERBATIM)
  add_custom_command(
    OUTPUT "${out}/source.c"
    COMMAND ${CMAKE_COMMAND} "-DSYMBOL=${ARG_SOURCE}" "-DSET=${out}/set.binpb" "-DHEADERS=${set_headers}" "-DOUTPUT=${out}/source.c"
            -P "${script}"
    DEPENDS ${set_headers} "${out}/set.binpb" "${script}"
    COMMENT "Generating ${ARG_SOURCE}" VERBATIM)
  set_source_files_properties("${out}/source.c" PROPERTIES OBJECT_DEPENDS "${out}/set.binpb")

  add_library(${target} STATIC ${sources} "${out}/source.c")
  target_compile_options(${target} PRIVATE -w)
  target_include_directories(${target} SYSTEM PUBLIC "${out}")
  target_link_libraries(${target} PUBLIC dep::protobuf-c ${ARG_WITH})
  foreach(list set_files set_roots set_headers)
    set_property(TARGET ${target} PROPERTY KAM_PROTO_${list} "${${list}}")
  endforeach()
endfunction()
