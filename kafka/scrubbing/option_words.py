"""The words that labels of options are told by, in the languages of the stores."""

from kafka.scrubbing.spelling import plain_words

LAST_WORDS = plain_words(
    "address dedication direccion endereco indirizzo initialen initials jméno login mensaje message messaggio"
    " monogram monogramm msg naam name namn navn nom nombre nome nume név pass tel widmung име"
)
"""They tell alone and as the last word, *your name*, *gift message*, where none before is of NOBODYS."""
LAST_ALONE = plain_words("address direccion endereco indirizzo login pass tel")
"""Of them those that parameters and fields have elsewhere of other meaning: `login_required`."""
NOBODYS = plain_words(
    "ad adset affiliate all alloy app article artist attribute author band bangle banner block boarding bracelet"
    " brand browser bundle button by campaign carrier cart category chain character charm clasp class collection"
    " color colour column country coupon creative currency cut day debug design designer device diamond discount"
    " domain earring earrings element error event fabric feature field file film filter finish flavor flavour font"
    " footer format gem gemstone group has header hide high host icon image input is item kind language layout lift"
    " list locale lock log logo low mac manufacturer map material menu metal method modal mode model module movie"
    " network no option os page param parameter pattern payment pearl pendant plan platform popup position price"
    " prodotto product producto produit produkt produs produto promo promotion query region ring scent screen search"
    " season section seller series server set shape shop show site size ski slot sort status stock stone store style"
    " success system tab table team template termék test theme tier type utm value variant vendor view warning watch"
    " web weight widget"
)
"""Of things and of machines: of these a name is nobody's."""
WORN = plain_words(
    "anello anhanger anhänger ankle anneau armband armkette bague bangle bracciale bracelet bransoletka brățară"
    " cadena catena chain charm chaîne ciondolo clasp colar colgante collana collar collier earring earrings"
    " halsband halskette inel jewel jewellery kedja kette ketting kind kjede lant lanț locket medaillon médaillon"
    " naszyjnik necklace no orecchini pendant pendentif pierścionek pulseira pulsera ring rings smykke watch"
    " øreringe гривна колие обица пръстен"
)
"""What bears a name, and words that are of another meaning in another language: they are not what a text is like."""
CHAINS = plain_words("cadena catena chain chaîne kedja kette ketting kjede łańcuszek")
NAMES = plain_words(
    "apodo apodos becenév ime imena imion isim jména jméno kosename lempinimi meno mená naam nam name namen namens"
    " names namn namnen namnet namnets navn navne navnene navnet navnets nev neve neved nevei nevek neveket nevem"
    " nevet nimen nimet nimi nom nombre nombres nome nomes nomi noms nume numele numelor numelui név porecla poreclă"
    " prenume prenumele przezwisko přezdívka soprannome surnom surnoms voornamen ονομα ονόματα имe име имена имената"
    " името имя прякор"
)
TEXTS = plain_words(
    "besedilo szöveg szövege szövegek szöveget tekst tekste teksten tekstens tekster tekstet teksti tekstin tekstit"
    " tekstu teksty testi testo text texte textele textem texten textens texter textes textet texto textom textos"
    " texts textu textul textului κείμενο текст текста текстове текстът"
)
BUYERS_OWN = plain_words(
    # comments
    "anmerkning anmerkung anmerkungen bemerkning bemerkninger bemerkung bemerkungen bemærkning bemærkninger"
    " comentarii comentario comentarios comentariu comentário comentários comment commentaire commentaires commenti"
    " commento comments huomautukset huomautus komentarz komentarze komentář komentáře kommentar kommentare"
    " kommentaren kommentarer kommentit kommentti megjegyzés megjegyzése megjegyzések merknad merknader notatka"
    " notatki notiz notizen observaciones observación observação observações observație observații opmerking"
    " opmerkingen osservazione osservazioni poznámka poznámky remark remarks remarque remarques uwaga uwagi бележка"
    " бележки забележка забележки коментар коментара коментари комментарии комментарий"
    # dedications
    " dedica dedications dedicatoria dedicatorias dedicatória dedicația dedicație dedicații dediche dedikace"
    " dedikasjon dedikation dedikáció dedykacja dedykacje dedykacji dédicace dédicaces omistuskirjoitus tillägnan"
    " venovanie věnování widmungen посвещение посвещения посвящение"
    # messages and wishes
    " bericht berichten besedila besked beskeder beskjed boodschap boodschappen botschaft botschaften felicitación"
    " greeting greetings groet gruß grüße hilsen hilsener hälsning hälsningar inicijali kundenwunsch meddelande"
    " meddelanden meddelelse melding meldinger mensagem mensagens mensajes mesaj mesaje mesajul mesajului messages"
    " messaggi nachrichten napomena natpis opomba poruka posveta posvetilo pozdrav pozdrowienia prianie přání"
    " sonderwunsch sonderwünsche sporočilo spruch správa sprüche tervehdys urare urări viesti viestin viestit vzkaz"
    " vzkazy wensen wiadomości wunsch wünsche zpráva zprávy üzenete üzenetek życzenia αφιέρωση μήνυμα σημείωση"
    " σχόλια пожелание пожелания поздрав поздравление послание послания съобщението съобщения"
    # inscriptions, sayings, initials
    " aufdruck beschriftung citaat citat citation cytat felirat felirata frase frases grabar incidi iniciais inicial"
    " iniciales iniciály inicjał inicjały initial initiale initialele initialer initiales iniziale iniziali inițiale"
    " inițială iscrizione iscrizioni kezdőbetű kezdőbetűk monograma monogramma monogramme monogrammi namenszug napis"
    " napisy nimikirjaimet nápis opdruk opschrift phrase phrases påskrift quote quotes rytina rytiny schriftzug"
    " scritta scritte treści treść voorletter voorletters zitat zitate αρχικά инициал инициала инициали инициалите"
    " инициалы монограм надпис надписа надписи надпись"
)
COUNTED = plain_words(
    "imena imion iniciais iniciales iniciál inicjałów initial initialen initialer initiales initials iniziali"
    " inițiale jmen monogram monogramm namen names namn navne nevek nimien nimikirjainten nombres nomes nomi noms"
    " nume prenoms prénoms voorletters имена инициали"
)
"""What is counted where one of COUNTS is before it: *Number of names*."""
COUNTS = plain_words(
    "aantal antal antall anzahl broj cantidad count ilość liczba lukumäärä nombre number numero număr número počet"
    " quantidade quantity quantità quantité száma брой"
)
QUALITIES = COUNTS - plain_words("nombre") | plain_words(
    # colours
    "barva barvy boja color colore colour cor couleur culoare culori culorii farb farbe farben farge farve finish"
    " färg kleur kolor shade szín színe tint väri värin väriä χρώμα цвет цвета цветове цветът цвят"
    # fonts
    " betűtípus betűtípusa carattere caratteri czcionka czcionki font fonte fontti fontul fuente lettertype police"
    " písma písmo schrift schriftart skrift skriftart skrifttype teckensnitt typeface typsnitt шрифт шрифта"
    # sizes and lengths
    " breite comprimento dimension dimensione délka długość grootte grösse größe height hossz hossza höhe koko"
    " largeur lengde lengte length longitud longueur lunghezza lungime längd länge længde maat misura méret mérete"
    " mărime mărimea rozmiar size storlek størrelse taglia taille talla tamanho tamaño thickness velikost weight"
    " width дължина размер размера"
    # kinds
    " alignment art design direction druh effect estilo format layout orientation rodzaj soort sort stil stile stilul"
    " styl style tip tipo tipul typ type typu tyyli tyyppi típus típusa вид стил тип"
    # places, languages, prices
    " cena idioma jazyk język language langue limbă lingua nyelv pituus posición positie position posizione posição"
    " pozice poziția pozycja precio preis prezzo preço price prijs prix sprache sprog språk taal език позиция"
)
"""What a name, a text or an engraving is like, which a shop offers."""
NO_TAILS = COUNTS | plain_words("schrift")
"""Ends of other words: `discount`, *Anschrift*, *Inschrift*."""
LIKE_ENGRAVINGS = plain_words(
    # places
    "côté elhelyezés emplacement hely helye kant lado lage lato location oldal ort plaats placement placering"
    " plassering platzierung seite seiten sida side sides sijainti strana strona ubicación umiejscowienie umístění"
    " zijde място страна"
    # ways
    " laser lasera laserem láser method methode metod metoda metode metodo méthode método procédé service techniek"
    " technik technika technique tecnica tekniikka teknik tjänst técnica verfahren лазер лазерно метод техника"
    # motifs
    " icon motief motif motiivi motiv motivo motyw pattern simbolo symbol symbole symbool símbolo мотив символ"
    # whether there is one
    " emballage igen inbegrepen inbegriffen included incluida incluido inclus inclusa incluse inclusief incluso ingår"
    " inklusiv inklusive ja lehetséges moeglich moeglichkeit mogelijk możliwe możliwy möglich möglichkeit oui"
    " packaging posibil posible possibile possible possível tak verpackung yes возможно възможно"
)
"""And an engraving alone: *Text side* is what is written there."""
NAMED = plain_words(
    # stones
    "brillant brilliant carat crystal diamant diamante diament edelstein gemma gyémánt gyöngy kamen kamene kameň"
    " kamieni kamienia kamień kamn karat kiven kivi kristall kámen köve kő parel pearl pedra perla perle perlei"
    " perlă perła perły piatra piatră piedra pierre pietr pietra pietre pärla pérola steen stein steinen sten stenen"
    " stenens stone диамант камень камня камъ камък перла"
    # metals and materials
    " aleación aliaj alliage alloy anyag fém fémek kov lega legering legierung liga materiaal material materiale"
    " materiał matière matériau metaal metal metall metallo métal slitina stop ötvözet материал метал сплав"
    # goods
    " article articolo artigo artikel artykuł artículo brand datei malli marca marka marke marque merk merkki model"
    " modell modello modelo modèle márka märke mærke prodotto produktu tuote tuotteen výrobek značka марка модел"
    " продукт товар"
    # collections, series, motifs, shapes
    " bloem blume colección colecție colecției coleção collectie collection collezione fiore fleur flor flower forma"
    " forme gyűjtemény kolekce kolekcij kolekció kolekcja kolekcji kollekció kolleksjon kollektion kształt mallist"
    " mallisto month motief motif motiv motivo motyw mønster seria serie series sternzeichen tvar vorm zodiac"
    " колекция мотив сери серия форма"
    # parts of pages
    " alt anchor aria attr db dir generic help hint hover html id ids index link node path pièce placeholder"
    " schema script timestamp tooltip uid url"
)
"""What has a name or a text of its own: *Name of stone*."""
JOINING = plain_words(
    "and avec com con cu e eller en et i lub med met mit oder och og or oraz ou sau si und vagy with y z és"
    " și и или със"
)
OF_OR_ON = plain_words("på на")
PLACING = OF_OR_ON | plain_words(
    "a an auf binnen dans dentro dla for för für im in innen ins inside inuti na nel nella on op outside para pe"
    " pentru per pour su sul sulla sur til till voor w în в върху для за"
)
OF_ENGRAVINGS = JOINING | plain_words(
    "af av da de del della dell dello den der des di die do du el for för für het l la las le les los od of para pentru"
    " per pour the til van von voor z за на"
)
"""Between an engraving and what it is like: *Seite der Gravur*."""
COUNTED_IN_FRENCH = plain_words(
    "anneaux ans articles boites boucles breloques brins bracelets branches caracteres carats chaines charms chatons"
    " chiffres coeurs couleurs diamants elements etoiles faces fermoirs feuilles fils fleurs grains grammes griffes"
    " initiales jours lettres lignes maillons medailles medaillons mois morceaux mots noeuds pendentifs perles"
    " personnes petales photos pieces pierres points prenoms rangees rangs serties tours trous unites zirconiums"
)
"""Behind *nombre de*, which is the French number of these and the Spanish name of all others."""
PERSONS = plain_words(
    "baby boy bride child children dad daddy daughter dog father friend girl girlfriend boyfriend grandma grandpa groom"
    " guest husband kid kids maid mama man mom mother mum officer papa pet sister brother son teacher wife woman"
)
"""Of whom a name is, also with a thing's word before: *Flower girl name*."""
