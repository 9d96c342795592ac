import Glibc
import TestSupport
import Testing

@testable import Files

@Suite("Paths and folders")
struct FileSystemTests {
    @Test(
        "takes paths apart",
        arguments: [
            ("a", ".", "a"), ("a/b", "a", "b"), ("/a", "/", "a"), ("/a/b/", "/a", "b"), ("/", "/", "/"),
            ("a//b", "a", "b"),
            ("a/b//", "a", "b"), ("../a", "..", "a"),
        ])
    func takesApart(path: String, parent: String, name: String) {
        #expect(FileSystem.parent(of: path) == parent)
        #expect(FileSystem.name(of: path) == name)
    }

    @Test(
        "joins a folder and a name",
        arguments: [("a", "b", "a/b"), ("a/", "b", "a/b"), ("", "b", "b"), ("a", "/b", "/b"), ("/", "b", "/b")])
    func joins(folder: String, name: String, joined: String) {
        #expect(FileSystem.joined(folder, name) == joined)
    }

    @Test(
        "finds the ending of a name",
        arguments: [
            ("a.npy", "npy"), ("a/B.NPY", "npy"), ("a.b/c", ""), (".hidden", ""), ("a.tar.gz", "gz"), ("a.", ""),
        ])
    func findsExtension(path: String, ending: String) {
        #expect(FileSystem.fileExtension(of: path) == ending)
    }

    @Test("lists files sorted by bytes, and ends where links make a loop")
    func lists() throws {
        let folder = try TemporaryFolder()
        for name in ["b/1", "b/Ä", "a", "B/z", "b-c", "b/deep/er/x"] { try folder.write("", to: name) }
        #expect(symlink("..", folder.file("b/loop")) == 0)
        #expect(symlink("a", folder.file("link")) == 0)
        #expect(symlink("nowhere", folder.file("dangling")) == 0)
        #expect(
            try FileSystem.list(folder.path)
                == ["B/z", "a", "b-c", "b/1", "b/deep/er/x", "b/Ä", "dangling", "link"])
        #expect(try FileSystem.list(folder.path, recursively: false) == ["a", "b-c", "dangling", "link"])
    }

    @Test("makes folders on the way, and removes them with all they hold but not what links lead to")
    func makesAndRemoves() throws {
        let folder = try TemporaryFolder()
        try folder.write("kept", to: "outside/a")
        try FileSystem.makeDirectory(folder.file("x/y/z"))
        try FileSystem.makeDirectory(folder.file("x/y/z"))
        #expect(symlink("../outside", folder.file("x/link")) == 0)
        try FileSystem.remove(folder.file("x"))
        try FileSystem.remove(folder.file("x"))
        #expect(try folder.files == ["outside/a"])
        #expect(throws: FilesError.self) { try FileSystem.makeDirectory(folder.file("outside/a/b")) }
        #expect(throws: FilesError.self) { try FileSystem.size(of: folder.file("none")) }
        #expect(throws: FilesError.self) { try FileSystem.list(folder.file("none")) }
        #expect(try FileSystem.size(of: folder.file("outside/a")) == 4)
    }

    @Test("reads what has no size beforehand: a file of the kernel, an empty file, a pipe")
    func readsStreams() throws {
        let folder = try TemporaryFolder()
        #expect(try readText("/proc/self/status").hasPrefix("Name:"))
        #expect(try readFile(folder.write("", to: "empty")) == [])
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        #expect(write(ends[1], "through a pipe", 14) == 14)
        close(ends[1])
        #expect(try readText("/dev/fd/\(ends[0])") == "through a pipe")
        close(ends[0])
    }

    @Test("says why a file cannot be opened")
    func reportsOpening() throws {
        let folder = try TemporaryFolder()
        let missing = folder.file("none")
        #expect(errorMessage { try readFile(missing) } == "cannot open \(missing): No such file or directory")
        #expect(errorMessage { try readFile(folder.path) } == "cannot open \(folder.path): it is a folder")
        let path = try folder.write("12345", to: "five")
        #expect(errorMessage { try readFile(path, limit: 4) } == "\(path) is too large: 5 bytes, the limit is 4")
    }

    @Test("reads texts as UTF-8 without a byte order mark, and says where they are not")
    func readsText() throws {
        let folder = try TemporaryFolder()
        #expect(try readText(folder.write([0xEF, 0xBB, 0xBF] + Array("añb".utf8), to: "bom")) == "añb")
        let path = try folder.write([0x61, 0x62, 0xFF, 0x63], to: "bad")
        #expect(errorMessage { try readText(path) } == "\(path): invalid UTF-8 (0xff at byte 2)")
    }

    @Test("keeps messages on one line")
    func keepsOneLine() {
        let error = FilesError.malformed(path: "a\nb", line: 3, reason: "c\rd\u{1B}[31m")
        #expect(error.description == "a\\nb:3: c\\rd\\u{1B}[31m")
    }
}
