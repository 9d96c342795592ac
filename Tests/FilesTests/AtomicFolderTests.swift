import TestSupport
import Testing

@testable import Files

@Suite("Atomic folders")
struct AtomicFolderTests {
    let parent: TemporaryFolder
    init() throws { parent = try TemporaryFolder() }

    private func begin(_ content: String, force: Bool = false) throws -> AtomicFolder {
        let folder = try AtomicFolder(replacing: parent.file("model"), force: force)
        try writeFile(content, to: folder.temporaryPath + "/a.txt")
        try FileSystem.makeDirectory(folder.temporaryPath + "/sub")
        try writeFile(content, to: folder.temporaryPath + "/sub/b.txt")
        return folder
    }

    @Test("a folder appears complete when it is committed, and not before")
    func appearsComplete() throws {
        let folder = try begin("new")
        #expect(!FileSystem.exists(parent.file("model")))
        try folder.commit()
        #expect(try parent.files == ["model/a.txt", "model/sub/b.txt"])
        #expect(try FileSystem.names(in: parent.path) == ["model"])
    }

    @Test("nothing is left of a folder that is not committed")
    func discards() throws {
        do { _ = try begin("half") }
        #expect(try FileSystem.names(in: parent.path) == [])
    }

    @Test("without force an existing folder is not replaced, not even one that appears in the meantime")
    func refusesToReplace() throws {
        let folder = try begin("mine")
        try parent.write("theirs", to: "model/a.txt")
        let error = FilesError.alreadyExists(path: parent.file("model"))
        #expect(throws: error) { try folder.commit() }
        #expect(throws: error) { try begin("mine") }
        #expect(try readText(parent.file("model/a.txt")) == "theirs")
        #expect(try FileSystem.names(in: parent.path) == ["model"])
    }

    @Test("with force the new folder takes the place of the old one", arguments: [false, true])
    func replaces(inTwoSteps: Bool) throws {
        try parent.write("old", to: "model/old.txt")
        let folder = try begin("new", force: true)
        #expect(try parent.files.contains("model/old.txt"))
        if inTwoSteps { try folder.renameInTwoSteps() } else { try folder.commit() }
        folder.discard()
        #expect(try parent.files == ["model/a.txt", "model/sub/b.txt"])
        #expect(try FileSystem.names(in: parent.path) == ["model"])
    }

    @Test("the old folder is back when the new one cannot take its place")
    func restores() throws {
        try parent.write("old", to: "model/old.txt")
        let folder = try begin("new", force: true)
        try FileSystem.remove(folder.temporaryPath)
        #expect(throws: FilesError.self) { try folder.renameInTwoSteps() }
        #expect(throws: FilesError.self) { try folder.commit() }
        #expect(try parent.files == ["model/old.txt"])
    }

    @Test("the current folder, the home folder and what holds them are never replaced", arguments: [".", "..", "/"])
    func refusesDangerousPlaces(path: String) throws {
        #expect(throws: FilesError.self) { try AtomicFolder(replacing: path, force: true) }
        #expect(throws: FilesError.self) { try AtomicFolder(replacing: FileSystem.homeFolder, force: true) }
    }

    @Test("a trailing slash does not matter")
    func acceptsTrailingSlash() throws {
        try AtomicFolder(replacing: parent.file("a/")).commit()
        try AtomicFolder(replacing: parent.file("a/"), force: true).commit()
        #expect(try FileSystem.names(in: parent.path) == ["a"])
    }
}

@Suite("Locks")
struct FileLockTests {
    @Test("a lock is held once, and free again when its object is gone")
    func excludes() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("lock")
        do {
            let lock = try FileLock(path: path)
            #expect(throws: FilesError.locked(path: path)) { try FileLock(path: path) }
            withExtendedLifetime(lock) {}
        }
        _ = try FileLock(path: path)
        #expect(errorMessage { try FileLock(path: folder.path) } == "cannot open \(folder.path): Is a directory")
    }
}
