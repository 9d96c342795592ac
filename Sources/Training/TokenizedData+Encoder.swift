internal import Encoders
internal import VectorMath

extension TextEncoder {
    /// What the model reads of texts, prompts in front.
    func tokens(of texts: [TokenizedData.Text], maxLength: Int) throws(EncodersError) -> [TokenizedData.Tokens] {
        let roles = TokenizedData.Role.allCases
        let skipped = Dictionary(uniqueKeysWithValues: roles.map { ($0, model.skippedTokens(prompt: prompt(of: $0))) })
        let ids = try model.tokenize(texts.map { prompt(of: $0.role) + $0.text }, maxLength: maxLength)
        return zip(texts, ids).map { TokenizedData.Tokens(ids: $1, skipped: min(skipped[$0.role]!, $1.count - 1)) }
    }

    /// What stands in front of a text.
    func prompt(of role: TokenizedData.Role) -> String {
        switch role {
        case .anchor: queryPrompt
        case .document: documentPrompt
        case .plain: defaultPromptName.flatMap { prompts[$0] } ?? ""
        }
    }
}

extension TokenizedData {
    /// The rows with the tokens that an encoder reads.
    init(
        _ rows: TrainingRows, options: Options, encoder: TextEncoder, maxLength: Int
    ) throws(EncodersError) {
        try self.init(rows, options: options) { (texts) throws(EncodersError) in
            try encoder.tokens(of: texts, maxLength: maxLength)
        }
    }

    /// Has the base model embed every distinct text once.
    ///
    /// - Parameter earlier: data whose guide has embedded some of the texts already, with the same encoder.
    mutating func addGuide(
        _ encoder: TextEncoder, maxLength: Int, margin: GuideMask.Margin, knowing earlier: TokenizedData? = nil
    ) throws(EncodersError) {
        let known: [Text: [Float]] = earlier?.guideVectors(of: texts) ?? [:]
        let distinct = texts.indices.filter { encodings[$0] == $0 }
        var unit = Matrix<Float>(uninitializedRows: distinct.count, columns: encoder.dimension)
        for (place, text) in distinct.enumerated() {
            if let vector = known[texts[text]] { unit.setRow(place, to: vector) }
        }
        for role in Role.allCases {
            let places = distinct.indices.filter {
                let text = texts[distinct[$0]]
                return text.role == role && known[text] == nil
            }
            guard !places.isEmpty else { continue }
            let words = places.map { texts[distinct[$0]].text }
            var found =
                switch role {
                case .anchor: try encoder.encodeQueries(words, maxLength: maxLength)
                case .document: try encoder.encodeDocuments(words, maxLength: maxLength)
                case .plain: try encoder.encode(words, maxLength: maxLength)
                }
            _ = normalizeRows(&found)
            for (row, place) in places.enumerated() { unit.setRow(place, to: found.row(row)) }
        }
        var rows = [Int](repeating: 0, count: texts.count)
        for (place, text) in distinct.enumerated() { rows[text] = place }
        for text in texts.indices { rows[text] = rows[encodings[text]] }
        guide = GuideMask(unit: unit, rows: rows, margin: margin)
    }

    /// The guide's vectors of those of some texts that are in this data.
    private func guideVectors(of wanted: [Text]) -> [Text: [Float]] {
        guard let guide else { return [:] }
        let wanted = Set(wanted)
        return Dictionary(
            uniqueKeysWithValues: texts.indices.lazy.filter { wanted.contains(texts[$0]) }.map {
                (texts[$0], guide.vector(ofText: $0))
            })
    }
}
