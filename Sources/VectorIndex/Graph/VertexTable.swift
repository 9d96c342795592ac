/// Which vertex has an id: a hash table in parts, so that a copy that changes copies few of them; or the table of a file.
struct VertexTable: Sendable {
    private var parts = [[UInt64: UInt32]](repeating: [:], count: partCount)
    private var partsCount = 0
    private let filed: FiledIDs?

    private static let partCount = 1024

    /// - Parameter filed: What it consists of; such a table does not change.
    init(_ filed: FiledIDs? = nil) { self.filed = filed }

    var count: Int { filed?.count ?? partsCount }

    subscript(id: UInt64) -> UInt32? { filed.map { $0[id] } ?? parts[Self.part(of: id)][id] }

    mutating func set(_ id: UInt64, to vertex: UInt32) {
        precondition(filed == nil, "a file's table does not change")
        if parts[Self.part(of: id)].updateValue(vertex, forKey: id) == nil { partsCount += 1 }
    }

    /// - Returns: The vertex that it had.
    mutating func remove(_ id: UInt64) -> UInt32? {
        precondition(filed == nil, "a file's table does not change")
        guard let vertex = parts[Self.part(of: id)].removeValue(forKey: id) else { return nil }
        partsCount -= 1
        return vertex
    }

    /// All ids, ascending.
    var ids: [UInt64] {
        if let filed { return (0..<filed.count).map { filed.ids[$0] } }
        return parts.flatMap(\.keys).sorted()
    }

    /// Ids are often consecutive, or multiples of something: a multiplication spreads them.
    private static func part(of id: UInt64) -> Int { Int((id &* 0x9e37_79b9_7f4a_7c15) >> 54) }
}
