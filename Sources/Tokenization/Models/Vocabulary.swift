/// Tokens and their ids, in both directions.
///
/// All tokens lie in one array of bytes. Ids may have gaps.
struct Vocabulary: Sendable {
    /// One more than the largest id that a token may have: no model has an embedding table of more rows.
    static let idLimit = 1 << 24

    /// The bytes of all tokens, one after the other.
    let bytes: [UInt8]

    /// Where each token is in `bytes`, by id; nil where no token has the id.
    private let ranges: [Range<Int>?]

    private let table: ByteStringTable

    var count: Int { table.count }

    /// What is wrong with a vocabulary.
    enum Problem: Error, Equatable {
        case outOfRange(token: String, id: Int)
        case duplicate(id: Int, tokens: [String])
    }

    /// - Parameter tokens: Each token once.
    init(_ tokens: [String: Int]) throws(Problem) {
        var largest = -1
        var byteCount = 0
        // The smallest by id, so that the message does not depend on the order of a dictionary.
        var wrong: (token: String, id: Int)?
        for (token, id) in tokens {
            if !(0..<Vocabulary.idLimit).contains(id), wrong.map({ (id, token) < ($0.id, $0.token) }) ?? true {
                wrong = (token, id)
            }
            largest = max(largest, id)
            byteCount += token.utf8.count
        }
        if let wrong { throw .outOfRange(token: wrong.token, id: wrong.id) }

        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        var ranges = [Range<Int>?](repeating: nil, count: largest + 1)
        var table = ByteStringTable(capacity: tokens.count)
        var shared: Int?
        for (token, id) in tokens {
            let start = bytes.count
            bytes.append(contentsOf: token.utf8)
            if ranges[id] != nil { shared = min(shared ?? id, id) }
            ranges[id] = start..<bytes.count
            _ = table.insert(start..<bytes.count, in: bytes, value: Int32(id))
        }
        if let shared {
            throw .duplicate(id: shared, tokens: tokens.filter { $0.value == shared }.keys.sorted())
        }
        self.bytes = bytes
        self.ranges = ranges
        self.table = table
    }

    /// One more than the largest id.
    var idBound: Int { ranges.count }

    func id(of token: String) -> Int32? {
        let key = Array(token.utf8)
        var hash = ByteStringTable.Hash()
        for byte in key { hash.combine(byte) }
        let id = id(of: key.span, 0..<key.count, hash: hash)
        return id < 0 ? nil : id
    }

    /// The id of the token that is in `text` at `range`; -1 where there is none. `hash` is of exactly these bytes.
    @inline(__always)
    func id(of text: Span<UInt8>, _ range: Range<Int>, hash: ByteStringTable.Hash) -> Int32 {
        table.value(of: text, range, hash: hash, in: bytes)
    }

    /// Where the token of an id is in `bytes`.
    func range(of id: Int32) -> Range<Int>? {
        ranges.indices.contains(Int(id)) ? ranges[Int(id)] : nil
    }

    func token(of id: Int32) -> String? {
        range(of: id).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// The length of the longest token, in bytes.
    var maximumLength: Int { table.maximumLength }
}
