/// Two texts as one sequence of tokens.
public struct PairEncoding: Equatable, Sendable {
    /// [S], the special tokens among them.
    public internal(set) var ids: [Int32]

    /// [S]: which text a token belongs to, as the model's token type embeddings count them.
    public internal(set) var typeIDs: [Int32]

    mutating func append(_ ids: [Int32], typeID: Int32) {
        self.ids.append(contentsOf: ids)
        typeIDs.append(contentsOf: repeatElement(typeID, count: ids.count))
    }
}
