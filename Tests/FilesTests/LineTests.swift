import Files
import TestSupport
import Testing

@Suite("Lines")
struct LineTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test(
        "lines end with LF only, and the last one counts without it",
        arguments: [
            ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\n\n", ["a", ""]), ("\na", ["", "a"]),
            ("a\r\nb\u{2028}c\u{B}d\u{85}e\n", ["a\r", "b\u{2028}c\u{B}d\u{85}e"]), ("a\u{0}b\nc", ["a\u{0}b", "c"]),
        ] as [(String, [String])])
    func reads(text: String, lines: [String]) throws {
        let path = try folder.write(text, to: "a.txt")
        #expect(try readLines(path) == lines)
        let reader = try LineReader(path: path)
        #expect(reader.map(\.number) == Array(1..<(lines.count + 1)))
        #expect(try reader.map { try $0.text() } == lines)
        let bytes = Array(text.utf8)
        #expect(reader.map { Array(bytes[$0.byteRange]) } == reader.map(\.bytes))
    }

    @Test("a carriage return before LF can be dropped")
    func stripsCarriageReturns() throws {
        let path = try folder.write("a\r\n\r\nb\rc\r", to: "a.txt")
        let reader = try LineReader(path: path, carriageReturn: .stripped)
        #expect(try reader.map { try $0.text() } == ["a", "", "b\rc"])
    }

    @Test("a line that is not UTF-8 is an error with its number, the others are read")
    func reportsInvalidText() throws {
        let path = try folder.write(Array("good\n".utf8) + [0x61, 0x80, 0x0A] + Array("also\n".utf8), to: "a.txt")
        let lines = Array(try LineReader(path: path))
        #expect(try lines[0].text() == "good")
        #expect(errorMessage { try lines[1].text() } == "\(path):2: invalid UTF-8 (0x80 at byte 1 of the line)")
        #expect(try lines[2].text() == "also")
        #expect(throws: FilesError.self) { try readLines(path) }
    }

    @Test("bytes in memory are read like a file")
    func readsMemory() throws {
        let file = MappedFile(bytes: Array("a\nb".utf8), path: "standard input")
        #expect(try LineReader(file: file).map { try $0.text() } == ["a", "b"])
    }
}

@Suite("Comma- and tab-separated values")
struct DelimitedTextTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    @Test(
        "reads what RFC 4180 allows",
        arguments: [
            ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]), ("a,b\r\n1,2", [["a", "b"], ["1", "2"]]),
            ("\"a\",\"b\"\"c\"\n\"1,2\",\"3\r\n4\"\n", [["a", "b\"c"], ["1,2", "3\r\n4"]]),
            ("a,\n,\n\"\",\"\"\n", [["a", ""], ["", ""], ["", ""]]), ("a\n\n\n\"\"\nb", [["a"], [""], ["b"]]),
            ("5\" pipe,x\ny,it's \"so\"\n", [["5\" pipe", "x"], ["y", "it's \"so\""]]),
            ("é,ü\r,x\n", [["é", "ü\r", "x"]]),
            ("a,b\r", [["a", "b"]]),
        ] as [(String, [[String]])])
    func readsCSV(text: String, records: [[String]]) throws {
        let table = try Files.readCSV(folder.write(text, to: "a.csv"), hasHeader: false)
        #expect(table.rows.map(\.fields) == records)
    }

    @Test("numbers records by the line that they begin on")
    func numbersRecords() throws {
        let path = try folder.write("\u{FEFF}text,label\n\"two\nlines\",x\n\nlast,y\n", to: "a.csv")
        let table = try Files.readCSV(path)
        #expect(table.header == ["text", "label"])
        #expect(table.column(named: "label") == 1)
        #expect(table.column(named: "none") == nil)
        #expect(table.rows.map(\.line) == [2, 5])
    }

    @Test(
        "names the line of an error in CSV",
        arguments: [
            ("a,b\n1\n", "2: 2 fields expected, as on line 1, 1 found"),
            ("a\n\"x\ny\n", "2: the quote that opens a field here is never closed"),
            ("a\n\"x\"y\n", "2: text after the closing quote of a field"),
            ("a\n\"x\n\"y\n", "3: text after the closing quote of a field"),
            ("", " empty, a header line expected"), ("\n\n", " empty, a header line expected"),
        ])
    func reportsErrors(text: String, message: String) throws {
        let path = try folder.write(text, to: "a.csv")
        #expect(errorMessage { try Files.readCSV(path) } == "\(path):\(message)")
    }

    @Test("a quote is an ordinary character in TSV")
    func readsTSV() throws {
        let path = try folder.write("sentence1\tscore\r\n\"a\t1\r\nb\"\"c\t\n\nd\t2", to: "a.tsv")
        let table = try Files.readTSV(path)
        #expect(table.header == ["sentence1", "score"])
        #expect(table.rows.map(\.fields) == [["\"a", "1"], ["b\"\"c", ""], ["d", "2"]])
        #expect(table.rows.map(\.line) == [2, 3, 5])
        let bad = try folder.write("a\tb\nc\n", to: "b.tsv")
        #expect(errorMessage { try Files.readTSV(bad) } == "\(bad):2: 2 fields expected, as on line 1, 1 found")
        let binary = try folder.write([0x61, 0x0A, 0xFF], to: "c.tsv")
        #expect(throws: FilesError.self) { try Files.readTSV(binary) }
        #expect(throws: FilesError.self) { try Files.readCSV(binary) }
    }

    @Test("reads the shared tables whole", .enabled(if: SharedData.exists("banking77") && SharedData.exists("stsb")))
    func readsSharedTables() throws {
        let banking = try Files.readCSV(SharedData.folder + "/banking77/train.csv")
        #expect(banking.header == ["text", "label"])
        #expect(banking.rows.count == 10_003)
        let pairs = try Files.readTSV(SharedData.folder + "/stsb/dev.tsv")
        #expect(pairs.header == ["sentence1", "sentence2", "score"])
        #expect(pairs.rows.count == 1500)
    }
}
