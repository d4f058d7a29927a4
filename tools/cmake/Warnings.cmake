# Warnings for our own code; generated code is compiled with -w (proto/CMakeLists.txt).
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wimplicit-fallthrough -Wmissing-prototypes -Wstrict-prototypes
                    -Wvla -Wundef -Wpointer-arith -Werror)
