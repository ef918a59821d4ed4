# SPDX-License-Identifier: Apache-2.0
"""How a board of this platform is compiled and linked (PlatformIO runs this inside SCons)."""

import shutil
import sys

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()


def toolchain():
    """Names the programs that share the compiler's prefix: arm-none-eabi-gcc gives arm-none-eabi-ar and so on."""
    compiler = board.get("build.compiler")
    prefix = compiler[: -len("gcc")]
    # Our own firmware is C; a C++ compiler is wanted only where a library such as TensorFlow Lite Micro is linked in.
    linker = f"{prefix}g++" if shutil.which(f"{prefix}g++") else compiler
    return {
        "CC": compiler,
        "CXX": f"{prefix}g++",
        "LINK": board.get("build.linker", linker),
        "AS": compiler,
        "AR": f"{prefix}ar",
        "RANLIB": f"{prefix}ranlib",
        "OBJCOPY": f"{prefix}objcopy",
        "SIZETOOL": f"{prefix}size",
    }


def machine_flags():
    """Flags that say which processor, for compiler and linker alike."""
    return board.get("build.machine_flags", [])


def drop_unused_sections():
    """The linker's flag that leaves out what nothing calls."""
    return "-Wl,-dead_strip" if sys.platform == "darwin" and not machine_flags() else "-Wl,--gc-sections"


def linker_script():
    """The one linker script in src/, where the machine's port brings one."""
    scripts = env.Glob("$PROJECT_SRC_DIR/*.ld", source=True)
    if len(scripts) > 1:
        sys.stderr.write(f"Error: more than one linker script in src/: {', '.join(map(str, scripts))}\n")
        env.Exit(1)
    return str(scripts[0]) if scripts else None


env.Replace(
    **toolchain(),
    PROGNAME="firmware",
    PROGSUFFIX=".exe" if sys.platform == "win32" and not machine_flags() else ".elf",
    LDSCRIPT_PATH=linker_script(),
    SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
    SIZEPRINTCMD="$SIZETOOL -B -d $SOURCES",
    SIZEPROGREGEXP=r"^(?:\.text|\.rodata|\.data|\.vectors|\.ARM\.ex\w+)\s+(\d+).*",
    SIZEDATAREGEXP=r"^(?:\.data|\.bss|\.noinit|\.stack)\s+(\d+).*",
)
env.Append(
    CCFLAGS=[*machine_flags(), "-O2", "-g", "-ffunction-sections", "-fdata-sections"],
    CFLAGS=["-std=gnu99"],
    CXXFLAGS=["-std=gnu++14", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    ASFLAGS=machine_flags(),
    LINKFLAGS=[*machine_flags(), *board.get("build.link_flags", []), drop_unused_sections()],
)

program = env.BuildProgram()
AlwaysBuild(env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Calculating size $SOURCE")))
Default(program)
