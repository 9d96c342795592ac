import Files
import TestSupport
import Testing

@Suite("JSON")
struct JSONTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private func parse(_ text: String) throws -> JSONValue { try JSONValue.parse(Array(text.utf8), path: "a.json") }

    @Test(
        "reads every kind of value",
        arguments: [
            ("null", nil), ("true", true), ("false", false), ("0", 0), ("-7", -7), ("8.0", 8), ("2.5", 2.5),
            ("1e-05", 1e-5), ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, "a\"\\/\u{8}\u{C}\n\r\té😀"), ("[]", []),
            ("{}", [:]),
            (#" [1, [2], {"a": null}] "#, [1, [2], ["a": nil]]), (#"{"a": {"b": ["c"]}}"#, ["a": ["b": ["c"]]]),
        ] as [(String, JSONValue)])
    func reads(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(
        "refuses what is not JSON",
        arguments: [
            "", " ", "{", "}", "[1,", "[1 2]", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "nul",
            "tru",
            "01", "+1", "1.", ".5", "1e", "- 1", "\"a", "\"\n\"", #""\x""#, #""\u12""#, #""\ud800""#, "1 2", "[1]]",
            "NaN", "0x1",
            "// comment\n1",
        ])
    func refuses(text: String) {
        let message = errorMessage { try parse(text) }
        #expect(message?.hasPrefix("a.json:") == true, "\(message ?? "accepted")")
    }

    @Test(
        "says where the syntax breaks",
        arguments: [
            ("", " empty, JSON expected"), (" ", "1: not valid JSON: it ends too early at byte 1 of the line"),
            ("{\n  \"a\": 1,\n}", "3: not valid JSON: a key in double quotes expected at byte 0 of the line"),
            ("[1,\n 2 3]", "2: not valid JSON: ',' or ']' expected at byte 3 of the line"),
            ("{\"a\" 1}", "1: not valid JSON: ':' expected at byte 5 of the line"),
            ("{\"a\": tru}", "1: not valid JSON: a value expected at byte 6 of the line"),
            ("[\"a]", "1: not valid JSON: a string that is never closed at byte 1 of the line"),
            ("[1] 2", "1: not valid JSON: the end expected at byte 4 of the line"),
            (#"["\ud83d\u0041"]"#, "1: not valid JSON: half of a surrogate pair at byte 14 of the line"),
            ("-", "1: not valid JSON: a digit expected at byte 1 of the line"),
        ])
    func locatesErrors(text: String, message: String) {
        #expect(errorMessage { try parse(text) } == "a.json:" + message)
    }

    @Test("says what is wrong in one line, with path, line and key")
    func describesErrors() throws {
        struct Outer: Decodable {
            struct Inner: Decodable { let name: String }
            let modules: [Inner]
        }
        func message(_ text: String) -> String? {
            errorMessage { try decodeJSON(Outer.self, bytes: Array(text.utf8), path: "m.json", line: 3) }
        }
        #expect(message(#"{"modules": [{"name": "a"}, {}]}"#) == "m.json:3: key 'name' is missing in 'modules[1]'")
        #expect(message(#"{}"#) == "m.json:3: key 'modules' is missing")
        #expect(message(#"{"modules": [{"name": 1}]}"#) == "m.json:3: 'modules[0].name': a string expected")
        #expect(message(#"{"modules": null}"#)?.hasPrefix("m.json:3: 'modules': ") == true)
        #expect(message(#"[]"#)?.hasPrefix("m.json:3: the document: ") == true)
        #expect(message(#"{"modules": [}"#)?.hasPrefix("m.json:3: not valid JSON: ") == true)
    }

    @Test(
        "refuses text that is not UTF-8",
        arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC3], [0xFF, 0xFE, 0x31, 0x00]] as [[UInt8]])
    func refusesOtherEncodings(bytes: [UInt8]) throws {
        let message = errorMessage { try JSONValue.parse(bytes, path: "a.json") }
        #expect(message?.contains("invalid UTF-8") == true, "\(message ?? "accepted")")
    }

    @Test("refuses deep nesting instead of overflowing the stack", arguments: ["[", "{\"a\":", "[{\"a\":[0,"])
    func refusesDeepNesting(opening: String) throws {
        let text = String(repeating: opening, count: 100_000)
        let message = errorMessage { try parse(text) }
        #expect(message?.contains("nested deeper than 128 levels") == true, "\(message ?? "accepted")")
        let deepest = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try parse(deepest).kind == "an array")
    }

    @Test("counts no brackets inside of texts")
    func ignoresBracketsInTexts() throws {
        let text = String(repeating: "[", count: 1000) + #"\"["#
        #expect(try parse("[\"\(text)\", \"\\\\\"]")[0]?.stringValue == String(repeating: "[", count: 1000) + "\"[")
    }

    @Test("refuses a file beyond its budget, and reads one with a byte order mark")
    func keepsBudget() throws {
        let path = try folder.write("[1, 2, 3]", to: "a.json")
        #expect(throws: FilesError.tooLarge(path: path, limit: 8, found: 9)) { try JSONValue.read(path, limit: 8) }
        #expect(try JSONValue.read(path, limit: 9) == [1, 2, 3])
        #expect(try JSONValue.read(folder.write([0xEF, 0xBB, 0xBF, 0x31], to: "bom.json")) == 1)
    }

    @Test("reads an object of 30000 keys without slowing down", .timeLimit(.minutes(1)))
    func readsLargeObjects() throws {
        let members = (0..<30_000).map { "\"key-\($0)\": \($0)" }.joined(separator: ", ")
        let value = try parse("{\(members)}")
        #expect(value.objectValue?.count == 30_000)
        #expect(value["key-29999"] == 29_999)
    }

    @Test("refuses a document cut short at any byte")
    func refusesTruncation() throws {
        let bytes = Array(#"{"a": [1, 2.5, "x\n", {"b": null}], "ü": true}"#.utf8)
        for cut in HostileFiles.truncations(of: bytes) {
            #expect(throws: FilesError.self) { try JSONValue.parse(cut, path: "cut") }
        }
        // Changed bytes may leave it well formed: it must only never crash.
        for changed in HostileFiles.corruptions(of: bytes, in: bytes.indices) {
            _ = try? JSONValue.parse(changed, path: "changed")
        }
    }

    @Test("writes what it reads, with sorted keys")
    func roundTrips() throws {
        let value: JSONValue = [
            "z": [1, -2.5, 1e300, nil, true], "a": ["b": "quote \" slash \\ / new\nline tab\t é 😀 \u{1}\u{8}\u{C}"],
            "é": [:], "e": [],
        ]
        for text in [
            value.serialized(), value.serialized(pretty: true), try encodeJSON(value),
            try encodeJSON(value, pretty: true),
        ] {
            #expect(try parse(text) == value)
        }
        #expect(
            value.serialized().hasPrefix(
                #"{"a":{"b":"quote \" slash \\ / new\nline tab\t é 😀 \u0001\b\f"},"e":[],"z":["#))
        #expect(
            (["a": 1, "b": [2, ["c": 3]], "d": []] as JSONValue).serialized(pretty: true) == """
                {
                  "a": 1,
                  "b": [
                    2,
                    {
                      "c": 3
                    }
                  ],
                  "d": []
                }
                """)
    }

    @Test("what JSON cannot carry becomes null, or an error that names the key")
    func writesNumbersThatJSONLacks() throws {
        #expect(JSONValue.array([.number(.nan), .number(.infinity), 1]).serialized() == "[null,null,1]")
        struct Result: Encodable { let loss: Double }
        #expect(
            errorMessage { try encodeJSON(Result(loss: .nan), path: "run.json") }
                == "cannot write run.json: 'loss': nan cannot be written as JSON")
    }

    @Test("gives values by key, place and type, and nil for others")
    func givesValues() {
        let value: JSONValue = ["a": [1, "x", 2.5, true], "n": nil]
        #expect(value["a"]?[0]?.intValue == 1)
        #expect(value["a"]?[0]?.doubleValue == 1)
        #expect(value["a"]?[1]?.stringValue == "x")
        #expect(value["a"]?[2]?.doubleValue == 2.5)
        #expect(value["a"]?[2]?.intValue == nil)
        #expect(value["a"]?[3]?.boolValue == true)
        #expect(value["a"]?[4] == nil)
        #expect(value["a"]?["b"] == nil)
        #expect(value["n"]?.isNull == true)
        #expect(value["m"] == nil)
    }
}

@Suite("JSON Lines")
struct JSONLinesTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    private struct Row: Decodable, Equatable {
        let id: Int
        let text: String?
    }

    @Test("reads a document a line, skipping blank lines and tolerating carriage returns and a byte order mark")
    func reads() throws {
        let path = try folder.write("\u{FEFF}{\"id\": 1, \"text\": \"a\"}\r\n\n  \t\r\n{\"id\": 2}", to: "a.jsonl")
        #expect(try decodeJSONLines(Row.self, path: path) == [Row(id: 1, text: "a"), Row(id: 2, text: nil)])
        #expect(try decodeNumberedJSONLines(Row.self, path: path).map(\.line) == [1, 4])
        var values: [JSONValue] = []
        try readJSONLines(path) { line, value in values.append([.integer(Int64(line)), value]) }
        #expect(values == [[1, ["id": 1, "text": "a"]], [4, ["id": 2]]])
        #expect(try decodeJSONLines(Row.self, path: folder.write("", to: "empty.jsonl")) == [])
    }

    @Test(
        "names the line of an error",
        arguments: [
            ("{\"id\": 1}\n{\"id\": }\n", "2: not valid JSON"), ("{\"id\": 1}\n\n{}\n", "3: key 'id' is missing"),
            ("{\"id\": 1}\n{\"id\": \"x\"}", "2: 'id': a whole number expected"),
            ("{\"id\": 1} {\"id\": 2}", "1: not valid JSON"),
        ])
    func namesLines(text: String, message: String) throws {
        let path = try folder.write(text, to: "a.jsonl")
        let found = errorMessage { try decodeJSONLines(Row.self, path: path) }
        #expect(found?.hasPrefix("\(path):\(message)") == true, "\(found ?? "accepted")")
    }

    @Test("refuses a line that is not UTF-8 and one beyond its budget")
    func refusesBadLines() throws {
        let path = try folder.write(Array("{\"id\": 1}\n\"".utf8) + [0xC3, 0x22], to: "a.jsonl")
        #expect(
            errorMessage { try readJSONLines(path) { _, _ in } }
                == "\(path):2: invalid UTF-8 (0xc3 at byte 1 of the line)")
        let long = try folder.write("1\n\"0123456789\"\n", to: "b.jsonl")
        #expect(
            errorMessage { try readJSONLines(long, lineLimit: 10) { _, _ in } }
                == "\(long):2: the line has 12 bytes, the limit is 10")
    }

    @Test("passes on what the caller throws")
    func passesErrorsOn() throws {
        struct Stop: Error {}
        let path = try folder.write("1\n2\n", to: "a.jsonl")
        #expect(throws: Stop.self) { try readJSONLines(path) { line, _ in if line == 2 { throw Stop() } } }
    }

    @Test("reads the largest of the shared corpora whole", .enabled(if: SharedData.exists("medquad/corpus.jsonl")))
    func readsSharedCorpus() throws {
        var (count, bytes) = (0, 0)
        try readJSONLines(SharedData.folder + "/medquad/corpus.jsonl") { _, value in
            count += 1
            bytes += value["text"]?.stringValue?.utf8.count ?? 0
        }
        #expect(count == 15_801)
        #expect(bytes > 10_000_000)
    }
}
