"""A second set: other sentences, other names, other forms than in ``planted``.

It was held out at first (``measured.FIRST``); the holes that it showed have been closed since.
"""

from __future__ import annotations

import random

from tests.screening.planted import Planted, eastern

SEED = 4711
EACH = 12

_FIRST = {
    "en": ["Tanaka", "Oluwaseun", "Priyanka", "Zodwa", "Mercy", "Hellen", "Lakisha", "Nomvula", "Daniel", "Rosemary", "Thuy", "Achieng"],
    "fr": ["Djénéba", "Mireille", "Koumba", "Ramatoulaye", "Solange", "Adjoua", "Yvette", "Bintou", "Nadège", "Félicité", "Hortense", "Issiaka"],
    "es": ["Yuliana", "Marisol", "Xiomara", "Deisy", "Rigoberta", "Noelia", "Fernanda", "Wendy", "Itzel", "Álvaro", "Luzmila", "Edelmira"],
    "ar": ["ريما", "جواهر", "سلمى", "هاجر", "عبير", "ميادة", "نجاة", "بدرية", "وداد", "كوثر", "إسراء", "شيماء"],
}  # fmt: skip
_LAST = {
    "en": ["Adeyemi-Cole", "Wekesa", "Shrestha", "Mokoena", "Okonjo", "Fernandes", "Baptiste", "Pham"],
    "fr": ["Coulibaly", "Nguema", "Ouattara", "Rasoanaivo", "N'Dri", "Bikindi", "Tchamba", "Sow"],
    "es": ["Quispe Mamani", "Tzoc", "Herrera", "Ixcoy", "Palacios", "Del Valle", "Ñancupil", "Reyes"],
    "ar": ["الحمداني", "بوزيد", "عبد الرحمن", "السيوفي", "درويش", "قاسمي", "النعيمي", "حداد"],
}  # fmt: skip

SENTENCES: dict[str, dict[str, list[str]]] = {
    "en": {
        "phone": ["WhatsApp {} is what the broker gave to all of them.", "For follow-up please ring {} after 6 pm.", "He kept messaging the pupils from {}."],
        "email": ["Kindly forward the consent form to {}, who will sign it.", "Two threats arrived from {} last week."],
        "document_number": ["Customs noted passport {} before she boarded.", "National identity number: {}", "Her birth certificate, no. {}, was forged."],
        "coordinates": ["The boat was last seen at {} before dawn.", "Pick-up point {} (two minors)."],
        "address": ["Police raided {} at night.", "Her aunt stays at {}, second floor.", "We deliver the parcels to {} every Friday."],
        "name_and_date": ["The youngest, {}, has asthma.", "We also met {} and her mother.", "Intake form: {}."],
        "person_name": ["According to Mrs {}, the agency charged a fee.", "One woman, who asked us to call her {}, fled in May.", "The trafficker, known as {}, was sentenced.", "Thanks to the loan, beneficiary {} opened a stall."],
        "profile": ["Job offers were posted on {} until it was closed.", "Write to her on {}, she answers quickly."],
    },
    "fr": {
        "phone": ["Le passeur répondait au {} jour et nuit.", "Pour le suivi, appelez le {} après 18 h.", "WhatsApp de la tante : {}"],
        "email": ["Merci d'envoyer le consentement à {} pour signature.", "Deux menaces sont venues de {} la semaine dernière."],
        "document_number": ["La douane a relevé le passeport {} avant l'embarquement.", "Acte de naissance n° {}, jugé faux.", "CNI : {}"],
        "coordinates": ["La pirogue a été vue au point {} avant l'aube.", "Lieu de rendez-vous {} (deux mineures)."],
        "address": ["La police est intervenue au {} dans la nuit.", "Sa tante loge {}, deuxième étage.", "Les colis sont livrés {} chaque vendredi."],
        "name_and_date": ["La plus jeune, {}, est asthmatique.", "Nous avons aussi rencontré {} et sa mère.", "Fiche d'accueil : {}."],
        "person_name": ["Selon Madame {}, l'agence prenait une commission.", "La survivante {} a ouvert un étal grâce au prêt.", "Le trafiquant, un certain M. {}, a été condamné.", "Une adolescente prénommée {} s'est enfuie en mai."],
        "profile": ["Les offres étaient publiées sur {} jusqu'à sa fermeture.", "Écrivez-lui sur {}, elle répond vite."],
    },
    "es": {
        "phone": ["El coyote contestaba en el {} a toda hora.", "Para el seguimiento, llame al {} después de las 6.", "WhatsApp de la tía: {}"],
        "email": ["Favor de enviar el consentimiento a {} para su firma.", "La semana pasada llegaron dos amenazas desde {}."],
        "document_number": ["En migración anotaron el pasaporte {} antes del vuelo.", "DPI: {}", "La partida de nacimiento número {} era falsa."],
        "coordinates": ["La lancha fue vista en {} antes del amanecer.", "Punto de encuentro {} (dos menores)."],
        "address": ["La policía allanó {} de noche.", "Su tía vive en {}, segundo piso.", "Entregamos los paquetes en {} cada viernes."],
        "name_and_date": ["La más joven, {}, tiene asma.", "También conocimos a {} y a su madre.", "Ficha de ingreso: {}."],
        "person_name": ["Según doña {}, la agencia cobraba una comisión.", "La víctima {} abrió un puesto gracias al préstamo.", "El tratante, conocido como {}, fue condenado.", "Una adolescente llamada {} huyó en mayo."],
        "profile": ["Las ofertas se publicaban en {} hasta que la cerraron.", "Escríbale a {}, contesta rápido."],
    },
    "ar": {
        "phone": ["كان المهرب يرد على {} ليلا ونهارا.", "للمتابعة اتصلوا على {} بعد السادسة.", "واتساب الخالة: {}"],
        "email": ["يرجى إرسال نموذج الموافقة إلى {} للتوقيع.", "وصل تهديدان من {} الأسبوع الماضي."],
        "document_number": ["سجل الجمارك جواز السفر {} قبل صعودها.", "شهادة الميلاد رقم {} كانت مزورة.", "رقمها الوطني: {}"],
        "coordinates": ["شوهد القارب عند {} قبل الفجر.", "نقطة اللقاء {} (قاصرتان)."],
        "address": ["داهمت الشرطة {} ليلا.", "تقيم خالتها في {}، الطابق الثاني.", "نوصل الطرود إلى {} كل يوم جمعة."],
        "name_and_date": ["أصغرهن {} وهي مصابة بالربو.", "التقينا أيضا {} ووالدتها.", "استمارة الدخول: {}."],
        "person_name": ["قالت السيدة {} إن الوكالة أخذت عمولة.", "الناجية {} افتتحت كشكا بفضل القرض.", "المتهم المدعو {} صدر بحقه حكم.", "فتاة قاصر اسمها {} هربت في أيار."],
        "profile": ["كانت العروض تنشر على {} حتى أغلق.", "راسلوها على {} فهي ترد بسرعة."],
    },
}  # fmt: skip


def _number(rng: random.Random, pattern: str) -> str:
    """Return ``pattern`` with a digit for every #; the first of a group of # is no zero."""
    made = ""
    for at, sign in enumerate(pattern):
        first = at == 0 or pattern[at - 1] != "#"
        made += str(rng.randint(1 if first else 0, 9)) if sign == "#" else sign
    return made


_PHONES = {
    "en": ["+880 17## ######", "08## ### ####", "+233-24-###-####", "0## ### ####", "+1 (876) 5##-####", "07########", "+63 9## ### ####", "+27 82 ### ####"],
    "fr": ["+33 6 ## ## ## ##", "+237 6## ## ## ##", "0## ## ## ## ##", "+243 81# ### ###", "05 ## ## ## ##", "77 ### ## ##", "(+225) 07 ## ## ## ##", "+261 34 ## ### ##"],
    "es": ["+52 1 55 #### ####", "+503 7### ####", "5555-####", "55 #### ####", "+593 9# ### ####", "0998 ### ###", "3## ### ####", "+34 6## ## ## ##"],
    "ar": ["+20 10 #### ####", "010########", "+961 3 ### ###", "05########", "+967 77# ### ###", "09## ### ###", "+964 770 ### ####", "06########"],
}  # fmt: skip
_DOCUMENTS = {
    "en": ["BX#######", "########", "P<#######", "EC #######", "CM##########"],
    "fr": ["##CV#####", "A#######", "1##########", "O# ######", "B## ######"],
    "es": ["G########", "########-#", "#### ##### ####", "AV######", "1.0##.###.###"],
    "ar": ["A########", "##########", "29############", "T#######", "########"],
}  # fmt: skip
_STREETS = {
    "en": ["## Mbagathi Way", "Plot ##, Kira Road", "##/# Old Mill Lane", "### Harare Drive", "Flat #, ## Rosebank Court", "# Kings Avenue"],
    "fr": ["## rue du Marché", "###, avenue Léopold Sédar Senghor", "# impasse des Lilas", "rue 14.##, porte ##", "villa n° ##, rue de l'Église", "## quai de la Gare"],
    "es": ["Calle # de Mayo ###", "Carrera ## No. ##-##", "Av. Insurgentes Sur ####", "Jirón Puno ###", "Pasaje Los Olivos ##", "#a avenida #-## zona 1"],
    "ar": ["شارع الثورة، عمارة ##", "## شارع الهرم", "حي السلام، شارع ##، منزل #", "زقاق الورد رقم #", "شارع الملك فيصل رقم ##", "نهج الحرية عدد ##"],
}  # fmt: skip
_POINTS = [
    "##.#####, ##.#####",
    "-#.######,##.######",
    "N ##° ##.###' E ##° ##.###'",
    "##°##'##\"S ##°##'##\"E",
    "lat ##.### lon ##.###",
    "##.####° N, #.####° W",
]
_MAILS = [
    "{a}{b}@example.com",
    "{a}.{b}.##@example.org",
    "{b}_{a}@mail.example.net",
    "{a}-{b}@sub.example.co.ke",
    "{a} (at) example.org",
    "{a}[at]{b}.com",
]
_PAGES = [
    "fb.com/{a}.{b}.##",
    "https://m.facebook.com/{a}{b}##",
    "@{a}{b}##",
    "https://t.me/{a}{b}",
    "instagram.com/{a}__{b}",
    "vk.com/{a}{b}",
    "https://x.com/{a}_{b}",
]
_AGES = {
    "en": ["{n} (age {y})", "{n}, {y} yrs", "{n} - DOB {d}", "{n}, who turned {y} in May", "{n} ({y})", "{n}, a {y}-year-old"],
    "fr": ["{n} ({y} ans)", "{n}, née en {j}", "{n} - date de naissance {d}", "{n}, {y} ans et enceinte", "{n}, fillette de {y} ans", "{n} ({y})"],
    "es": ["{n} ({y} años)", "{n}, nacida en {j}", "{n} - fecha de nacimiento {d}", "{n}, una niña de {y} años", "{n}, {y} años cumplidos", "{n} ({y})"],
    "ar": ["{n} ({y} سنة)", "{n} البالغة من العمر {y} عاما", "{n}، تاريخ الميلاد {d}", "{n}، عمرها {y} سنة", "{n} وهي من مواليد {j}", "{n} ({y})"],
}  # fmt: skip


def _item(rng: random.Random, language: str, kind: str) -> str:
    first, last = rng.choice(_FIRST[language]), rng.choice(_LAST[language])
    a, b = rng.choice(["lima", "delta", "tango", "sierra"]), rng.choice(["romeo", "kilo", "echo"])
    if kind == "person_name":
        return first if rng.random() < 0.4 else f"{first} {last}"
    if kind == "name_and_date":
        year = rng.randint(1998, 2013)
        day = f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.{year}"
        name = f"{first} {last}" if rng.random() < 0.7 else first
        made = rng.choice(_AGES[language]).format(n=name, y=rng.randint(12, 26), j=year, d=day)
        return eastern(made) if language == "ar" and rng.random() < 0.5 else made
    patterns = {
        "phone": _PHONES[language], "document_number": _DOCUMENTS[language],
        "address": _STREETS[language], "coordinates": _POINTS, "email": _MAILS, "profile": _PAGES,
    }  # fmt: skip
    made = _number(rng, rng.choice(patterns[kind]).format(a=a, b=b))
    is_eastern = language == "ar" and kind in {"phone", "address"} and rng.random() < 0.5
    return eastern(made) if is_eastern else made


def planted() -> list[Planted]:
    """Return the identifiers in their sentences, always the same."""
    rng = random.Random(SEED)
    found = []
    for language, kinds in SENTENCES.items():
        for kind, frames in kinds.items():
            for _ in range(EACH):
                item, frame = _item(rng, language, kind), rng.choice(frames)
                start = frame.index("{}")
                text = frame.replace("{}", item)
                found.append(Planted(language, kind, text, start, start + len(item)))
    return found


_HARMLESS = {
    "en": [
        "Out of ### women screened in Zinder, ## were referred to the Mercy Health Centre.",
        "The Secretary-General's report A/##/### of # July 20## lists ## recommendations.",
        "Exchange rate ###.## on ## March 2026; gain of USD #,###.## booked to line B.#.#.",
        "Mr. Ambassador, Excellencies, the Tbilisi Declaration was adopted on # May 20##.",
        "Under-18s (##%), 18-24 (##%) and unknown (#) are shown in Table ##.",
        "Vehicle hire, ## days x ### ### XAF, voucher no. ######.",
        "Jordan, Lebanon and Chad hosted ### ### refugees as of ## June 20##.",
        "Our hotline 24/7 handled #,### calls; ##,### visits to www.example.org/help.",
        "Hope House, Saint Mary Hospital and the Grace Network are partners since 20##.",
        "Bus tickets Lagos-Abuja: ## x NGN ##,### = NGN ###,###.",
        "The Prime Minister signed Decree 20##-### on ## August 20##.",
        "A girl may wait ## months; boys wait ## months. Staff: ## women, # men.",
        "School No. ## in District # enrolled ### pupils, ages 11 to 16.",
        "Street outreach: ## streets, ### street vendors, Road Safety Week 20##.",
        "Policewomen in April and June, May trainings, August break: ## sessions.",
    ],
    "fr": [
        "Sur ### femmes reçues à Zinder, ## ont été orientées vers le Centre de santé Notre-Dame.",
        "Le rapport A/##/### du # juillet 20## contient ## recommandations.",
        "Taux de change ###,## au ## mars 2026 ; gain de # ###,## USD en ligne B.#.#.",
        "Monsieur l'Ambassadeur, la Déclaration de Tbilissi a été adoptée le # mai 20##.",
        "Moins de 18 ans (## %), 18-24 ans (## %), inconnus (#) : voir tableau ##.",
        "Location de véhicule, ## jours x ### ### FCFA, pièce n° ######.",
        "Le Tchad, le Mali et le Niger accueillaient ### ### réfugiés au ## juin 20##.",
        "La Maison de l'Espoir et l'hôpital Sainte-Anne sont partenaires depuis 20##.",
        "Billets Dakar-Thiès : ## x ## ### XOF = ### ### XOF.",
        "Le Premier ministre a signé le décret n° 20##-### du ## août 20##.",
        "École n° ## de la commune # : ### élèves de 11 à 16 ans.",
        "Une fille attend ## mois ; les garçons ## mois. Équipe : ## femmes, # hommes.",
        "Journée mondiale contre la traite, 30 juillet 20## : ### participants à Abidjan.",
        "Avenue principale fermée ## jours, rues barrées, place du marché inondée.",
        "En avril, mai et août : ## séances, ### kits, # émissions de radio.",
    ],
    "es": [
        "De ### mujeres atendidas en Tapachula, ## fueron remitidas al Centro de Salud San José.",
        "El informe A/##/### del # de julio de 20## contiene ## recomendaciones.",
        "Tipo de cambio ###,## al ## de marzo de 2026; ganancia de #.###,## USD en la línea B.#.#.",
        "Señor Embajador, la Declaración de Brasilia se aprobó el # de mayo de 20##.",
        "Menores de 18 (## %), de 18 a 24 (## %), sin dato (#): cuadro ##.",
        "Alquiler de vehículo, ## días x ###.### pesos, comprobante n.º ######.",
        "Honduras, Guatemala y El Salvador recibieron ### ### personas al ## de junio de 20##.",
        "Hogar Esperanza y el Hospital Santa Rosa son aliados desde 20##.",
        "Pasajes Quito-Guayaquil: ## x ## USD = ### USD.",
        "La Presidenta de la República firmó el Decreto ###-20## el ## de agosto de 20##.",
        "Escuela N.º ## del distrito #: ### alumnas de 11 a 16 años.",
        "Una niña espera ## meses; los niños, ## meses. Equipo: ## mujeres, # hombres.",
        "Día mundial contra la trata, 30 de julio de 20##: ### participantes en Lima.",
        "Avenida cerrada ## días, calles bloqueadas, plaza inundada.",
        "En abril, mayo y agosto: ## sesiones, ### kits, # programas de radio.",
    ],
    "ar": [
        "من أصل ### امرأة في عدن أحيلت ## إلى مركز الرحمة الصحي.",
        "يتضمن تقرير الأمين العام A/##/### المؤرخ # يوليو 20## عدد ## توصية.",
        "سعر الصرف ###.## في ## مارس 2026، وربح قدره ### دولار في البند B.#.#.",
        "السيد السفير، اعتمد إعلان تونس في # مايو 20##.",
        "دون 18 سنة (##%)، ومن 18 إلى 24 سنة (##%)، وغير معروف (#): الجدول ##.",
        "استئجار سيارة ## يوما بمبلغ ### ### فرنك، سند رقم ######.",
        "استضاف الأردن ولبنان وتشاد ### ### لاجئ حتى ## يونيو 20##.",
        "دار الأمل ومستشفى السلام شركاء منذ 20##.",
        "وقع رئيس الوزراء المرسوم رقم ### لسنة 20## في ## أغسطس.",
        "المدرسة رقم ## في المنطقة #: ### طالبة من 11 إلى 16 سنة.",
        "تنتظر الفتاة ## شهرا والفتيان ## شهرا. الفريق: ## نساء و# رجال.",
        "اليوم العالمي لمكافحة الاتجار 30 يوليو 20##: ### مشاركة في عمان.",
        "أغلق الشارع الرئيسي ## يوما، وغمرت المياه السوق.",
        "في نيسان وأيار وآب: ## جلسة و### حقيبة و# برامج إذاعية.",
        "السيدة الوزيرة والسيد النائب زارا الملجأ في ## مايو 20##.",
    ],
}  # fmt: skip


def harmless() -> list[Planted]:
    """Return sentences with nothing personal in them, always the same."""
    rng = random.Random(SEED + 1)
    return [
        Planted(language, "", _number(rng, frame))
        for language, frames in _HARMLESS.items()
        for frame in frames
        for _ in range(5)
    ]
