/// Which vertex has an id: a hash table in parts, so that a copy that changes copies few of them.
struct VertexTable: Sendable {
    private var parts = [[UInt64: UInt32]](repeating: [:], count: partCount)
    private(set) var count = 0

    private static let partCount = 1024

    subscript(id: UInt64) -> UInt32? { parts[Self.part(of: id)][id] }

    mutating func set(_ id: UInt64, to vertex: UInt32) {
        if parts[Self.part(of: id)].updateValue(vertex, forKey: id) == nil { count += 1 }
    }

    /// - Returns: The vertex that it had.
    mutating func remove(_ id: UInt64) -> UInt32? {
        guard let vertex = parts[Self.part(of: id)].removeValue(forKey: id) else { return nil }
        count -= 1
        return vertex
    }

    /// All ids, in no order.
    var ids: [UInt64] { parts.flatMap(\.keys) }

    /// Ids are often consecutive, or multiples of something: a multiplication spreads them.
    private static func part(of id: UInt64) -> Int { Int((id &* 0x9e37_79b9_7f4a_7c15) >> 54) }
}
