extension Tokenizer {
    /// The first `limit` ids of a text, without special tokens.
    func contentIDs(of text: Span<UInt8>, limit: Int) -> [Int32] {
        onePass?.ids(of: text, limit: limit) ?? contentIDsByStages(of: text, limit: limit)
    }

    /// The same by one component after the other, whichever they are.
    func contentIDsByStages(of text: Span<UInt8>, limit: Int) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(min(limit, text.count / 4 + 4))
        if let segments = addedVocabulary.verbatim.segments(of: text) {
            for segment in segments where ids.count < limit {
                if segment.id >= 0 {
                    ids.append(segment.id)
                } else {
                    appendIDs(ofVerbatim: text.extracting(segment.range), to: &ids, limit: limit)
                }
            }
        } else {
            appendIDs(ofVerbatim: text, to: &ids, limit: limit)
        }
        if ids.count > limit { ids.removeSubrange(limit...) }
        return ids
    }

    /// Text that no verbatim added token is in.
    private func appendIDs(ofVerbatim text: Span<UInt8>, to ids: inout [Int32], limit: Int) {
        var bytes: [UInt8] = []
        if let normalizer {
            normalizer.normalize(text, into: &bytes)
        } else {
            bytes.reserveCapacity(text.count)
            for index in text.indices { bytes.append(text[index]) }
        }
        guard let segments = addedVocabulary.normalized.segments(of: bytes.span) else {
            appendIDs(ofNormalized: bytes, to: &ids, limit: limit)
            return
        }
        for segment in segments where ids.count < limit {
            if segment.id >= 0 {
                ids.append(segment.id)
            } else {
                appendIDs(ofNormalized: Array(bytes[segment.range]), to: &ids, limit: limit)
            }
        }
    }

    /// Normalized text that no added token is in.
    private func appendIDs(ofNormalized bytes: [UInt8], to ids: inout [Int32], limit: Int) {
        guard !bytes.isEmpty else { return }
        var text = SplitText(bytes: bytes, words: [0..<bytes.count])
        preTokenizer?.split(&text)
        model.appendIDs(of: text, to: &ids, limit: limit)
    }
}
