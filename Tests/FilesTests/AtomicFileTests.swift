import Files
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
}
