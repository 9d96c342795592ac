import Files
import Glibc
import TestSupport
import Testing

/// A file system of 256 KiB, for as long as the object lives. Mounting needs privileges.
private final class TinyDisk {
    let path: String
    private let folder: TemporaryFolder

    static let isAllowed = (try? TinyDisk()) != nil

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("disk")
        try FileSystem.makeDirectory(path)
        guard mount("none", path, "tmpfs", 0, "size=256k") == 0 else {
            throw FilesError.cannotOpen(path: path, reason: "not allowed to mount")
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }
}

@Suite("A full disk", .enabled(if: TinyDisk.isAllowed, "mounting a file system needs privileges"))
struct FullDiskTests {
    private let disk: TinyDisk
    init() throws { disk = try TinyDisk() }

    private let tooMuch = [UInt8](repeating: 7, count: 1 << 20)

    @Test("stops a file with an error, leaves nothing behind and the old file as it was")
    func stopsFiles() throws {
        let path = disk.path + "/a.bin"
        try writeFile("old", to: path)
        let message = errorMessage { try writeFile(tooMuch, to: path) }
        #expect(message == "cannot write \(path): No space left on device")
        #expect(try readText(path) == "old")
        #expect(try FileSystem.names(in: disk.path) == ["a.bin"])
    }

    @Test("stops small writes too")
    func stopsSmallWrites() throws {
        let file = try AtomicFile(replacing: disk.path + "/a.bin")
        #expect(throws: FilesError.self) {
            for _ in 0..<10_000 { try file.write([UInt8](repeating: 1, count: 100)) }
            try file.commit()
        }
        #expect(try FileSystem.names(in: disk.path) == [])
    }

    @Test("stops a folder with an error and leaves nothing behind")
    func stopsFolders() throws {
        do {
            let folder = try AtomicFolder(replacing: disk.path + "/model")
            try writeFile("small", to: folder.temporaryPath + "/config.json")
            #expect(throws: FilesError.self) { try writeFile(tooMuch, to: folder.temporaryPath + "/weights") }
        }
        #expect(try FileSystem.names(in: disk.path) == [])
    }

    @Test("stops an array with an error and leaves nothing behind")
    func stopsArrays() throws {
        let path = disk.path + "/a.npy"
        let row = [Float](repeating: 1, count: 256)
        let message = errorMessage { try NumpyArray.write(to: path, rows: 1000, columns: 256) { _ in row } }
        #expect(message == "cannot write \(path): No space left on device")
        #expect(try FileSystem.names(in: disk.path) == [])
    }
}
