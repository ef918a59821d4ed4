# SPDX-License-Identifier: Apache-2.0
"""The int8 model and its bundle: conversion, validation, interpreter, files."""
