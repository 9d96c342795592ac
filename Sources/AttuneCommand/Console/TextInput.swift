import Attune
import Glibc

/// Texts as the tool takes them: a text a line, or JSON lines with `text` (and, where there are, `_id` and `title`).
enum TextInput {
    /// The texts of a file, or of stdin when the path is `-`; a path that ends in `.jsonl` holds JSON lines.
    static func read(_ path: String) throws -> [Passage] {
        let source = path == "-" ? "/dev/stdin" : path
        guard path.hasSuffix(".jsonl") else {
            return try readLines(source).enumerated().map { index, line in Passage(id: "\(index + 1)", text: line) }
        }
        var passages: [Passage] = []
        try readJSONLines(source) { line, value throws(FilesError) in
            guard let text = value["text"]?.stringValue else {
                throw FilesError.malformed(path: source, line: line, reason: "an object with \"text\" was expected")
            }
            let id = value["_id"]?.stringValue ?? value["id"]?.stringValue ?? "\(line)"
            passages.append(Passage(id: id, title: value["title"]?.stringValue ?? "", text: text))
        }
        return passages
    }
}
