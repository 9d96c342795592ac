/// The normalizer of the BERT family: cleans, sets Han characters apart, strips accents and lowercases.
///
/// The steps are defined one after the other on the whole text; here they run in one pass, character by character. Only
/// the canonical order of combining marks looks at more than one character: marks wait until the next starter.
struct BertNormalizer: Normalizer {
    /// Whether control characters are dropped and all white space becomes U+0020.
    let cleansText: Bool
    /// Whether Han characters get a space on both sides.
    let separatesIdeographs: Bool
    /// Whether text is decomposed (NFD) and loses its nonspacing marks.
    let stripsAccents: Bool
    let lowercases: Bool

    /// A character without any of these is copied.
    private let treated: CharacterProperties

    /// What becomes of each ASCII byte; `dropped` where nothing does.
    private let asciiImages: [UInt8]

    /// Stands for no image: not ASCII.
    private static let dropped: UInt8 = 0xFF

    init(cleansText: Bool, separatesIdeographs: Bool, stripsAccents: Bool, lowercases: Bool) {
        self.cleansText = cleansText
        self.separatesIdeographs = separatesIdeographs
        self.stripsAccents = stripsAccents
        self.lowercases = lowercases
        var treated: CharacterProperties = []
        if cleansText { treated.formUnion([.removed, .whitespace]) }
        if separatesIdeographs { treated.formUnion(.ideograph) }
        if stripsAccents { treated.formUnion([.mark, .decomposes, .reorders]) }
        if lowercases { treated.formUnion(.lowercases) }
        self.treated = treated
        asciiImages = (0..<UInt8(0x80)).map { byte in
            let properties = UnicodeData.properties(of: UInt32(byte)).intersection(treated)
            if properties.contains(.removed) { return BertNormalizer.dropped }
            if properties.contains(.whitespace) { return UInt8(ascii: " ") }
            return properties.contains(.lowercases) ? byte + 0x20 : byte
        }
    }

    func normalize(_ text: Span<UInt8>, into output: inout [UInt8]) {
        output.reserveCapacity(output.count + text.count)
        var held = HeldMarks()
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte < 0x80 {
                let image = asciiImages[Int(byte)]
                if image != BertNormalizer.dropped {
                    if !held.isEmpty { appendAndRelease(&held, to: &output) }
                    output.append(image)
                }
                index += 1
                continue
            }
            let (scalar, length) = text.character(at: index)
            let properties = UnicodeData.properties(of: scalar)
            if properties.isDisjoint(with: treated) {
                if !held.isEmpty { appendAndRelease(&held, to: &output) }
                for place in index..<index + length { output.append(text[place]) }
            } else {
                append(scalar, properties.intersection(treated), held: &held, to: &output)
            }
            index += length
        }
        if !held.isEmpty { appendAndRelease(&held, to: &output) }
    }

    /// Appends a character that at least one step changes.
    private func append(
        _ scalar: UInt32, _ properties: CharacterProperties, held: inout HeldMarks, to output: inout [UInt8]
    ) {
        if properties.contains(.removed) { return }
        if properties.contains(.whitespace) {
            appendAndRelease(&held, to: &output)
            output.append(UInt8(ascii: " "))
            return
        }
        if properties.contains(.ideograph) {
            appendAndRelease(&held, to: &output)
            output.append(UInt8(ascii: " "))
        }
        if properties.contains(.decomposes) {
            for part in UnicodeData.decomposition(of: scalar) { appendDecomposed(part, held: &held, to: &output) }
        } else if stripsAccents {
            appendDecomposed(scalar, held: &held, to: &output)
        } else {
            appendCased(scalar, to: &output)
        }
        if properties.contains(.ideograph) {
            appendAndRelease(&held, to: &output)
            output.append(UInt8(ascii: " "))
        }
    }

    /// Appends a character that has no decomposition, unless it is a mark; holds it back while its place is not certain.
    private func appendDecomposed(_ scalar: UInt32, held: inout HeldMarks, to output: inout [UInt8]) {
        let properties = UnicodeData.properties(of: scalar)
        if properties.combiningClass == 0 {
            appendAndRelease(&held, to: &output)
            if !properties.contains(.mark) { appendCased(scalar, to: &output) }
        } else if !properties.contains(.mark) {
            held.insert(scalar, combiningClass: properties.combiningClass)
        }
    }

    private func appendAndRelease(_ held: inout HeldMarks, to output: inout [UInt8]) {
        for scalar in held.scalars { appendCased(scalar, to: &output) }
        held.removeAll()
    }

    private func appendCased(_ scalar: UInt32, to output: inout [UInt8]) {
        guard lowercases, UnicodeData.properties(of: scalar).contains(.lowercases) else {
            output.append(scalar: scalar)
            return
        }
        for image in UnicodeData.lowercase(of: scalar) { output.append(scalar: image) }
    }
}

/// Combining characters since the last starter, in canonical order: by class, equal classes as they came.
private struct HeldMarks {
    private(set) var scalars: [UInt32] = []
    private var classes: [UInt8] = []

    var isEmpty: Bool { scalars.isEmpty }

    mutating func insert(_ scalar: UInt32, combiningClass: UInt8) {
        var place = scalars.count
        while place > 0, classes[place - 1] > combiningClass { place -= 1 }
        scalars.insert(scalar, at: place)
        classes.insert(combiningClass, at: place)
    }

    mutating func removeAll() {
        guard !scalars.isEmpty else { return }
        scalars.removeAll(keepingCapacity: true)
        classes.removeAll(keepingCapacity: true)
    }
}
