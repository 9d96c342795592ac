import Files
import Glibc
import TestSupport
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test("a file appears complete when it is committed, and not before")
    func appearsComplete() throws {
        let path = folder.file("a.txt")
        let file = try AtomicFile(replacing: path)
        try file.write("hello ")
        #expect(!FileSystem.exists(path))
        try file.write("world")
        try file.commit()
        #expect(try readText(path) == "hello world")
        #expect(try folder.files == ["a.txt"])
    }

    @Test("many small and some large writes arrive in order")
    func keepsOrder() throws {
        var expected: [UInt8] = []
        let file = try AtomicFile(replacing: folder.file("a.bin"))
        for index in 0..<2000 {
            let piece = [UInt8](repeating: UInt8(index % 251), count: index % 500 == 499 ? 400_000 : index % 40)
            expected += piece
            try file.write(piece)
        }
        try file.commit()
        #expect(try readFile(folder.file("a.bin")) == expected)
    }

    @Test("nothing is left of a file that is not committed")
    func discards() throws {
        do {
            let file = try AtomicFile(replacing: folder.file("a.txt"))
            try file.write("half")
            #expect(try folder.files.count == 1)
        }
        #expect(try folder.files == [])
    }

    @Test("an existing file stays until the new one is complete")
    func replaces() throws {
        let path = try folder.write("old", to: "a.txt")
        let file = try AtomicFile(replacing: path)
        try file.write("new")
        #expect(try readText(path) == "old")
        try file.commit()
        #expect(try readText(path) == "new")
    }

    @Test("without force an existing file is not replaced, not even one that appears in the meantime")
    func refusesToReplace() throws {
        let path = folder.file("a.txt")
        let file = try AtomicFile(replacing: path, force: false)
        try file.write("mine")
        try folder.write("theirs", to: "a.txt")
        #expect(throws: FilesError.alreadyExists(path: path)) { try file.commit() }
        #expect(throws: FilesError.alreadyExists(path: path)) { try AtomicFile(replacing: path, force: false) }
        #expect(try readText(path) == "theirs")
        #expect(try folder.files == ["a.txt"])
    }

    @Test("a replaced file keeps its permissions, and a symbolic link stays a link")
    func keepsPermissionsAndLinks() throws {
        let path = try folder.write("old", to: "a.txt")
        #expect(chmod(path, 0o640) == 0)
        #expect(symlink("a.txt", folder.file("link")) == 0)
        try writeFile("new", to: folder.file("link"))
        #expect(try readText(path) == "new")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(lstat(folder.file("link"), &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFLNK)
    }

    @Test("a device is written to, not replaced")
    func writesDevices() throws {
        try writeFile("anything", to: "/dev/null")
        var status = stat()
        #expect(lstat("/dev/null", &status) == 0)
        #expect(status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("a full disk is an error that names the path and the reason")
    func reportsFullDevice() throws {
        let message = errorMessage { try writeFile("anything", to: "/dev/full") }
        #expect(message == "cannot write /dev/full: No space left on device")
        let large = errorMessage { try writeFile([UInt8](repeating: 1, count: 1 << 20), to: "/dev/full") }
        #expect(large == message)
    }

    @Test("a folder is no place for a file, nor is a path through a file or into a folder that is not there")
    func refusesImpossiblePaths() throws {
        let path = try folder.write("text", to: "a.txt")
        #expect(errorMessage { try writeFile("", to: folder.path) } == "cannot write \(folder.path): it is a folder")
        #expect(errorMessage { try writeFile("", to: path + "/b") } == "cannot write \(path)/b: Not a directory")
        let missing = folder.file("no/b")
        #expect(errorMessage { try writeFile("", to: missing) } == "cannot write \(missing): No such file or directory")
        #expect(try folder.files == ["a.txt"])
    }

    @Test("everything temporary is removed when the program is told to stop")
    func removesTemporaryPaths() async throws {
        // In a process of its own, as other tests have temporary files too.
        let path = folder.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            let file = try AtomicFile(replacing: path + "/a.txt")
            try file.write(String(repeating: "x", count: 1 << 20))
            let nested = try AtomicFolder(replacing: path + "/folder")
            try writeFile("y", to: nested.temporaryPath + "/y")
            let pending = try FileSystem.list(path).count
            TemporaryPaths.removeAll()
            let left = try FileSystem.list(path).count
            precondition(pending == 2 && left == 0)
            withExtendedLifetime((file, nested)) {}
        }
        #expect(try FileSystem.names(in: path) == [])
    }
}
