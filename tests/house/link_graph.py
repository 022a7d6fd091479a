"""What each library says it needs (DEPENDS in CMakeLists.txt) and what it includes.

A library names the libraries of its own module's folders one by one and other modules
whole, or of another module its settings alone (camnode_..._settings).  A module is a folder
of core/ or the folder scp/ or services/; its whole is the library camnode_MODULE.  A library of others is named by who includes its headers, but for
Abseil, which is row 0: it comes with camnode_base.
"""

import collections
import dataclasses
import functools
import pathlib
import re

from tree import MODULES, ROOT, files, sources

# First match wins; what none matches comes with the compiler or the system.
FOREIGN = (
    (r"absl/", "camnode_base"),
    (r"dcmtk/dcmtls/", "DCMTK::dcmtls"),
    (r"dcmtk/dcmnet/", "DCMTK::dcmnet"),
    (r"dcmtk/dcmjpeg/", "DCMTK::dcmjpeg"),
    (r"dcmtk/", "DCMTK::dcmdata"),
    (r"openjpeg", "PkgConfig::OPENJPEG"),
    (r"zlib\.h", "ZLIB::ZLIB"),
    (r"png\.h", "PNG::PNG"),
    (r"jpeglib\.h", "JPEG::JPEG"),
    (r"opencv2/imgproc", "OpenCV::imgproc"),
    (r"opencv2/core", "OpenCV::core"),
    (r"torch/|ATen/|c10/", "LibTorch::torch"),
    (r"(oneapi/)?dnnl", "OneDnn::dnnl"),
    (r"nlohmann/", "nlohmann_json::nlohmann_json"),
    (r"google/protobuf/", "protobuf::libprotobuf"),
    (r"sqlite3\.h", "SQLite::SQLite3"),
    (r"libpq", "PkgConfig::PQ"),
    (r"openssl/ssl\.h", "OpenSSL::SSL"),
    (r"openssl/", "OpenSSL::Crypto"),
    (r"re2/", "PkgConfig::RE2"),
    (r"seccomp\.h", "PkgConfig::SECCOMP"),
    (r"httplib\.h", "PkgConfig::HTTPLIB"),
    (r"grpcpp/ext/proto_server_reflection", "gRPC::grpc++_reflection"),
    (r"grpcpp/|grpc/", "gRPC::grpc++"),
    (r"dlfcn\.h", "${CMAKE_DL_LIBS}"),
)
# Whoever has the first has the second's headers too: it is an interface of the first.
BROUGHT_BY = {
    "protobuf::libprotobuf": lambda name: name.startswith("camnode_proto_"),
    "OpenSSL::Crypto": lambda name: name == "OpenSSL::SSL",
    "OpenCV::core": lambda name: name in ("OpenCV::imgproc", "camnode_domain"),
    "DCMTK::dcmdata": lambda name: name.startswith("DCMTK::"),
    "DCMTK::dcmnet": lambda name: name == "DCMTK::dcmtls",
}


KINDS = (
    "camnode_library",
    "camnode_headers",
    "camnode_module",
    "camnode_program",
    "camnode_proto",
)


@dataclasses.dataclass
class Library:
    name: str
    kind: str  # The command that makes it, one of KINDS.
    folder: pathlib.Path
    sources: list  # With the headers of a library that has nothing else.
    depends: list
    protos: list


def commands(text):
    """(name, words) of each command of a CMakeLists.txt; comments are left out."""
    text = re.sub(r"#.*", "", text)
    for match in re.finditer(r"(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)", text):
        yield match[1], match[2].split()


def arguments(words):
    """{"NAME": [...], "SOURCES": [...]}: each keyword with the words after it."""
    found, key = collections.defaultdict(list), ""
    for word in words:
        if word in ("NAME", "SOURCES", "HEADERS", "DEPENDS", "LIBRARIES", "PROTOS", "GRPC"):
            key = word
        else:
            found[key].append(word)
    return found


def libraries(root=ROOT):
    found = {}
    for path in files(root):
        if path.name != "CMakeLists.txt" or path.parts[0] not in MODULES + ("proto",):
            continue
        for command, words in commands((root / path).read_text()):
            if command not in KINDS:
                continue
            told = arguments(words)
            if not told["NAME"]:
                continue  # The function's own definition.
            library = Library(
                told["NAME"][0],
                command,
                path.parent,
                [path.parent / source for source in told["SOURCES"] + told["HEADERS"]],
                told["DEPENDS"] + told["LIBRARIES"],
                [stem.removesuffix(".proto") for stem in told["PROTOS"]],
            )
            found[library.name] = library
    return found


def module_of(folder):
    """core/dicom of core/dicom/file, scp of scp/wire, services of services/api."""
    return pathlib.Path(*folder.parts[: 2 if folder.parts[0] == "core" else 1])


class LinkGraph:
    def __init__(self, root=ROOT):
        self.root = root
        self.libraries = libraries(root)
        self.files = set(sources(root))
        self.owner_of_source = {
            source: library
            for library in self.libraries.values()
            for source in library.sources
        }

    def ours(self):
        """The libraries and programs of core/, scp/ and services/ that have sources."""
        return [library for library in self.libraries.values() if library.sources]

    def whole(self, module):
        """The name by which other modules know this one."""
        return "camnode_" + module.name

    @functools.cached_property
    def folders(self):
        """{folder: libraries in it, in the order of its CMakeLists.txt; programs last}"""
        found = collections.defaultdict(list)
        for library in self.ours():
            found[library.folder].append(library)
        for inside in found.values():
            inside.sort(key=lambda library: library.kind == "camnode_program")
        return found

    @functools.cache
    def includes(self, path):
        text = (self.root / path).read_text()
        return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.M)

    @functools.cached_property
    def owners(self):
        """{file: its library}.  A header goes with the source of its name; one without
        belongs to the first library of its folder that includes it."""
        owners = dict(self.owner_of_source)
        headers = {path for path in self.files if path.suffix == ".h"}
        for header in headers:
            if header not in owners and header.with_suffix(".cc") in owners:
                owners[header] = owners[header.with_suffix(".cc")]
        for inside in self.folders.values():
            for library in inside:
                waiting = [path for path, owner in owners.items() if owner is library]
                while waiting:
                    for name in self.includes(waiting.pop()):
                        path = pathlib.Path(name)
                        if path in headers and path.parent == library.folder:
                            if path not in owners:
                                owners[path] = library
                                waiting.append(path)
        for header in headers - set(owners):  # Included from elsewhere only.
            if header.parent in self.folders:
                owners[header] = self.folders[header.parent][0]
        return owners

    def needed_by(self, library):
        """{library name: an include that needs it, as "file: include"}"""
        needed = {}
        for path, owner in sorted(self.owners.items()):
            if owner is library and path in self.files:
                for name in self.includes(path):
                    target = self.target(library, name)
                    if target and target != library.name:
                        needed.setdefault(target, f"{path}: {name}")
        return needed

    def target(self, library, include):
        path = pathlib.Path(include)
        if path in self.owners:
            owner = self.owners[path]
            if module_of(owner.folder) == module_of(library.folder):
                return owner.name
            whole = self.whole(module_of(owner.folder))
            if owner.name.endswith("_settings") and whole not in library.depends:
                return owner.name
            return whole
        if path.parts[0] in MODULES:  # Made by CMake: core/base/version.h.
            return self.folders[path.parent][0].name if path.parent in self.folders else None
        if path.parts[0] == "proto":
            stem = re.sub(r"(\.grpc)?\.pb\.h$", "", str(path.relative_to("proto")))
            for proto in self.libraries.values():
                if stem in proto.protos:
                    return proto.name
        for pattern, name in FOREIGN:
            if re.match(pattern, include):
                return name
        return None

    def mistakes(self):
        """DEPENDS that differ from the includes, one sentence each."""
        found = []
        for library in self.ours():
            found += self.mistakes_of(library)
        for library in self.libraries.values():
            found += self.missing_folders(library)
        return found

    def mistakes_of(self, library):
        found = []
        place = f"{library.folder}/CMakeLists.txt: {library.name}"
        needed, named = self.needed_by(library), library.depends
        for name in sorted(set(needed) - set(named)):
            if not any(BROUGHT_BY.get(name, lambda _: False)(other) for other in named):
                found.append(f"{place} does not name {name}, which it includes ({needed[name]})")
        for name in sorted(set(named) - set(needed)):
            if not self.may_be_named(library, name):
                found.append(f"{place} names {name}, which it never includes")
        for name in sorted(name for name in set(named) if named.count(name) > 1):
            found.append(f"{place} names {name} twice")
        return found

    def may_be_named(self, library, name):
        """A whole names all its module's folders, and camnode_base all of Abseil."""
        other = self.libraries.get(name)
        if other and library.name == self.whole(module_of(library.folder)):
            return module_of(other.folder) == module_of(library.folder)
        return library.name == "camnode_base" and (name.startswith("absl::") or "Thread" in name)

    def missing_folders(self, library):
        """What users of a whole would not get by it."""
        module = module_of(library.folder)
        if library.folder.parts[0] == "proto" or library.name != self.whole(module):
            return []
        reached, waiting = set(), [library.name]
        while waiting:
            name = waiting.pop()
            if name in self.libraries and name not in reached:
                reached.add(name)
                waiting += self.libraries[name].depends
        return [
            f"{library.folder}/CMakeLists.txt: {library.name} lacks {other.name}"
            for other in self.ours()
            if module_of(other.folder) == module
            and other.kind == "camnode_library"
            and other.name not in reached
        ]

    def arrows(self):
        """{(folder, folder): an include}, from the includes alone."""
        found = {}
        for path in sorted(self.files):
            for name in self.includes(path):
                other = pathlib.Path(name)
                if other.parts[0] in MODULES and other.parent != path.parent:
                    found.setdefault((path.parent, other.parent), f"{path}: {name}")
        return found
