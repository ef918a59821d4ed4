# SPDX-License-Identifier: Apache-2.0
"""Writes generated firmware projects, builds and uploads them with PlatformIO, and measures the programs.

Contents of files come in (tinykws.stages.generate makes them); a PlatformIO project, a program, and its sizes by
section and by purpose go out. PlatformIO runs offline for boards with our own platform; others need packages of the
vendor.

Contents:
    tflm_ops.resolver_methods: maps a model's ops to methods of TFLite Micro's op resolver.
    tflm_library.make_library: makes a PlatformIO library of a TensorFlow Lite Micro checkout.
    tflm_library.refuse_whole_tree: refuses a library that is a whole checkout.
    tflm_sources.cut: which files of the checkout the engine needs.
    tflm_ops.refuse_per_channel_dense: refuses dense layers that a board's library would compute wrongly.
    model_image.model_image: the image of a bundle for a board's model slot.
    where_it_runs.where_it_runs: which engines and boards can run a model.
    where_it_runs.refuse_if_unsupported: refuses an op that an engine lacks, and names the engine that has it.
    generated_tree.write_tree: writes a folder of generated files, keeping the user's changes.
    user_file.user_file: the name of the file that belongs to the user.
    user_file.unknown_words: what it takes for words, but the model does not know.
    platformio.build_offline: builds a project that contains its platform.
    platformio.build_with_vendor: builds a project with a vendor's platform.
    platformio.upload: uploads a program to a board.
    platformio.run_arguments: returns the command line of a build.
    platformio.model_image_path: where an upload of the model alone looks for its image.
    platformio.upload_arguments: returns the command line of an upload.
    platformio.list_arguments: returns the command line that lists installed packages.
    platformio.missing_packages: lists the packages that are not installed.
    platformio.package_name: returns a package's bare name.
    platformio.registry_answers: checks whether PlatformIO's registry can be reached.
    platformio.explain: turns the output of a failed build into an error.
    platformio.explain_upload: turns the output of a failed upload into an error.
    platformio.compiler_messages: extracts a compiler's error messages.
    platformio_core.offline_core: makes PlatformIO work without a network.
    platformio_core.cache_dir: returns the folder of the core directories.
    platformio_core.core_dir_of: returns the core directory of a project.
    platformio_core.environment: returns PlatformIO's environment variables.
    platformio_core.lowest_version: returns the lowest version of a range.
    platformio_packages.user_core_dir: returns the user's PlatformIO core directory.
    platformio_packages.missing_platform: checks whether a platform is installed.
    platformio_packages.missing_libraries: lists the libraries that are not installed.
    elf_sizes.footprint: reads a program's flash and RAM by section.
    elf_sizes.is_elf: checks whether a file is an ELF file.
    memory_parts.memory_parts: splits flash and RAM by purpose: front-end, model, kernels.
"""
