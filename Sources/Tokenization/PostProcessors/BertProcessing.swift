/// BertProcessing: `[CLS] A [SEP]` for a text, `[CLS] A [SEP] B [SEP]` for two.
extension ComponentDescription {
    func bertProcessing() throws(TokenizationError) -> PostProcessor {
        let start = try tokenWithID("cls")
        let separator = try tokenWithID("sep")
        let single: [Template.Piece] = [
            .ids([start], typeID: 0), .first(typeID: 0), .ids([separator], typeID: 0),
        ]
        return PostProcessor(
            single: Template(single),
            pair: Template(single + [.second(typeID: 1), .ids([separator], typeID: 1)]))
    }

    /// A token written as `["[CLS]", 101]`.
    private func tokenWithID(_ name: String) throws(TokenizationError) -> Int32 {
        let elements = try elements(name)
        guard elements.count == 2 else {
            throw .malformed(path: path, key: "\(key).\(name)", reason: "a token and its id expected")
        }
        return try elements[1].tokenID()
    }
}
