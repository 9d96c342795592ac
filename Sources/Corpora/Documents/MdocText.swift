/// What a reader of `mdoc` pages remembers.
struct MdocState {
    enum List {
        case terms
        case items
    }

    /// What the page is about: what `.Nm` without an argument says.
    var name = ""
    var lists: [List] = []

    var afterHeading: MdocState { MdocState(name: name) }

    /// Whether a macro's arguments are text of the page.
    static func isText(_ name: String) -> Bool { textMacros.contains(name) }

    static func isPunctuation(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.count == 1 && bytes.first.map { ".,:;()[]?!|".utf8.contains($0) } == true
    }

    static let textMacros: Set<String> = [
        "Ad", "An", "Ao", "Ac", "Ap", "Aq", "Ar", "At", "Bo", "Bc", "Bq", "Brq", "Bsx", "Bx", "Cd", "Cm", "D1", "Dl",
        "Do", "Dc",
        "Dq", "Dv", "Em", "En", "Er", "Ev", "Fa", "Fd", "Fl", "Fn", "Fo", "Fc", "Ft", "Fx", "Ic", "In", "Li", "Lk",
        "Ms", "Mt",
        "No", "Ns", "Nx", "Oo", "Oc", "Op", "Ox", "Pa", "Pf", "Po", "Pc", "Pq", "Ql", "Qo", "Qc", "Qq", "So", "Sc",
        "Sq", "St", "Sx",
        "Sy", "Ta", "Tn", "Ux", "Va", "Vt", "Xo", "Xc", "Xr", "Rv", "Ex",
    ]
}

/// The arguments of an `mdoc` macro, which may be macros themselves.
struct MdocText {
    private let source: [UInt8]
    private let name: String
    private var builder: MappedTextBuilder
    /// Whether the next word follows without a space.
    private var isTight = false
    /// Whether the next word is an option, which has a dash in front.
    private var isFlag = false
    /// What is to be closed at the end of the line.
    private var closers: [String] = []
    /// How many words of a reference or a function there were; nil outside of one.
    private var referenceWords: Int?
    private var isFunction = false

    /// Appends what a line of macros says.
    ///
    /// - Parameter name: What the page is about.
    static func append(
        _ arguments: [Range<Int>], of source: [UInt8], name: String, to builder: inout MappedTextBuilder
    ) {
        var text = MdocText(source: source, name: name, builder: builder)
        // Punctuation at the end of the line stands outside of what the line encloses.
        let closing = arguments.reversed().prefix { MdocState.isPunctuation(source[$0]) }.count
        let words = arguments.dropLast(closing)
        for argument in words { text.append(argument) }
        if let last = words.last { text.finish(at: last.upperBound) }
        for argument in arguments.suffix(closing) { text.append(argument) }
        builder = text.builder
    }

    private init(source: [UInt8], name: String, builder: MappedTextBuilder) {
        (self.source, self.name, self.builder) = (source, name, builder)
    }

    private mutating func append(_ argument: Range<Int>) {
        let bytes = source[argument]
        let word = String(decoding: bytes, as: UTF8.self)
        if MdocState.isPunctuation(bytes) {
            appendPunctuation(argument, opens: word == "(" || word == "[")
        } else if MdocState.isText(word) || word == "Nm" {
            endReference(at: argument.lowerBound)
            endFlag(at: argument.lowerBound)
            read(macro: word, argument)
        } else {
            appendWord(argument)
        }
    }

    private mutating func appendPunctuation(_ argument: Range<Int>, opens: Bool) {
        endReference(at: argument.lowerBound)
        endFlag(at: argument.lowerBound)
        if !opens { builder.dropPendingSpace() }
        TroffText.append(argument, of: source, to: &builder, verbatim: false)
        isTight = opens
        if !opens { builder.space(at: argument.upperBound) }
    }

    private mutating func appendWord(_ argument: Range<Int>) {
        let before = argument.lowerBound..<argument.lowerBound
        if isTight { builder.dropPendingSpace() }
        isTight = false
        if isFlag { put("-", for: before) }
        isFlag = false
        if let count = referenceWords {
            // `ls(1)`, `printf(format, …)`
            if count == 1 { put("(", for: before, tight: true) }
            if count > 1 { put(", ", for: before, tight: true) }
            referenceWords = count + 1
        }
        TroffText.append(argument, of: source, to: &builder, verbatim: false)
        builder.space(at: argument.upperBound)
    }

    private mutating func read(macro: String, _ argument: Range<Int>) {
        switch macro {
        case "Fl": isFlag = true
        case "Ns", "Pf": isTight = true
        case "Ap":
            put("'", for: argument, tight: true)
            isTight = true
        case "Nm": if !name.isEmpty { put(name, for: argument) }
        case "Xr", "Fn": (referenceWords, isFunction) = (0, macro == "Fn")
        default:
            if let system = MdocText.systems[macro] { put(system, for: argument) }
            guard let (open, close) = MdocText.enclosures[macro] else { break }
            if !open.isEmpty {
                put(open, for: argument)
                isTight = true
            }
            // What encloses its own line closes at its end, the others have a macro of their own for it.
            if macro.hasSuffix("q") || macro == "Op" || macro == "Ql" {
                closers.append(close)
            } else if !close.isEmpty {
                put(close, for: argument, tight: true)
            }
        }
        if !isTight { builder.space(at: argument.upperBound) }
    }

    private mutating func put(_ text: String, for range: Range<Int>, tight: Bool = false) {
        if tight || isTight { builder.dropPendingSpace() }
        isTight = false
        builder.append(replacement: text.utf8, for: range)
    }

    private mutating func endFlag(at place: Int) {
        if isFlag { put("-", for: place..<place) }
        isFlag = false
    }

    private mutating func endReference(at place: Int) {
        guard let count = referenceWords else { return }
        if count > 1 {
            put(")", for: place..<place, tight: true)
        } else if isFunction, count == 1 {
            put("()", for: place..<place, tight: true)
        }
        builder.space(at: place)
        referenceWords = nil
    }

    private mutating func finish(at end: Int) {
        endReference(at: end)
        endFlag(at: end)
        for close in closers.reversed() { put(close, for: end..<end, tight: true) }
    }

    private static let systems = [
        "Ux": "UNIX", "Bx": "BSD", "Bsx": "BSD/OS", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD",
    ]

    /// What stands around the arguments of a macro; pairs of macros that open and close have one side each.
    private static let enclosures: [String: (open: String, close: String)] = [
        "Op": ("[", "]"), "Oo": ("[", ""), "Oc": ("", "]"), "Aq": ("<", ">"), "Ao": ("<", ""), "Ac": ("", ">"),
        "Bq": ("[", "]"),
        "Bo": ("[", ""), "Bc": ("", "]"), "Brq": ("{", "}"), "Dq": ("“", "”"), "Do": ("“", ""), "Dc": ("", "”"),
        "Pq": ("(", ")"),
        "Po": ("(", ""), "Pc": ("", ")"), "Qq": ("\"", "\""), "Qo": ("\"", ""), "Qc": ("", "\""), "Sq": ("‘", "’"),
        "So": ("‘", ""),
        "Sc": ("", "’"), "Ql": ("‘", "’"),
    ]
}
