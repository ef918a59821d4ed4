"""The int8 model and its bundle: conversion, validation, interpreter, files."""
